package cloud.ignition.oci.registry;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.security.MessageDigest;

/** One attempt to stream a blob into a sink, with size and digest verified on the way. */
final class BlobDownload {
    private static final int BUFFER = 64 << 10;

    private final Descriptor blob;
    private final String what;

    BlobDownload(Descriptor blob, String what) {
        this.blob = blob;
        this.what = what;
    }

    /**
     * Streams the body and closes it.
     *
     * @throws Transient when the connection broke or the body was cut off
     * @throws ImageException when the body is something else than announced
     * @throws IOException from the sink only
     */
    void run(HttpResponse<InputStream> answer, RegistryClient.Sink sink) throws Transient, IOException {
        MessageDigest digest = Digest.newMessageDigest();
        byte[] buffer = new byte[BUFFER];
        long done = 0;
        InputStream body = answer.body();
        try {
            for (int n = read(body, buffer); n >= 0; n = read(body, buffer)) {
                done += n;
                if (done > blob.size()) {
                    throw refuse("sends more than the " + blob.size() + " bytes its manifest announces");
                }
                digest.update(buffer, 0, n);
                sink.accept(buffer, n);
            }
        } finally {
            body.close();
        }
        if (done < blob.size()) {
            throw new Transient(new ImageException(
                    ImageException.Kind.UNREACHABLE, what + " sends " + done + " of " + blob.size() + " bytes"));
        }
        Digest found = Digest.finish(digest);
        if (!found.equals(blob.digest())) {
            throw refuse("sends content with the digest " + found);
        }
    }

    private int read(InputStream body, byte[] buffer) throws Transient {
        if (Thread.currentThread().isInterrupted()) {
            throw new ImageException(ImageException.Kind.HOST, "the pull was cancelled");
        }
        try {
            return body.read(buffer, 0, buffer.length);
        } catch (IOException e) {
            throw new Transient(new ImageException(
                    ImageException.Kind.UNREACHABLE, what + " breaks off: " + e.getMessage() + "; try again", e));
        }
    }

    private ImageException refuse(String why) {
        return new ImageException(ImageException.Kind.REFUSED, what + " " + why + "; it is damaged or manipulated");
    }
}
