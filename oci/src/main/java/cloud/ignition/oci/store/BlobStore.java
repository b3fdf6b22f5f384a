package cloud.ignition.oci.store;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;

/**
 * Content-addressed blobs on disk. A blob is visible under its digest only when it is complete, verified and synced.
 * Safe for use by several threads.
 */
public final class BlobStore {
    private final StoreLayout layout;

    /** Uses the layout's directories. */
    public BlobStore(StoreLayout layout) {
        this.layout = layout;
    }

    /** The file of a blob, whether it exists or not. */
    public Path path(Digest digest) {
        return layout.blob(digest);
    }

    /** Whether there is a blob of this digest and size. */
    public boolean has(Digest digest, long size) {
        try {
            return Files.size(path(digest)) == size;
        } catch (IOException e) {
            return false;
        }
    }

    /** Starts a blob; nothing of it is visible before {@link Incoming#commit()}. */
    public Incoming begin(Digest digest) {
        return new Incoming(digest);
    }

    /** Stores bytes whose digest the caller has computed. */
    public void put(Digest digest, byte[] bytes) {
        if (has(digest, bytes.length)) {
            return;
        }
        try {
            AtomicFile.write(layout.temporary("blob"), path(digest), bytes);
        } catch (IOException e) {
            throw cannotStore(digest, e);
        }
    }

    /**
     * Reads a small blob.
     *
     * @param limit bytes it may have at most
     */
    public byte[] read(Digest digest, int limit) {
        try (InputStream in = Files.newInputStream(path(digest))) {
            byte[] bytes = in.readNBytes(limit + 1);
            if (bytes.length <= limit && Digest.of(bytes).equals(digest)) {
                return bytes;
            }
        } catch (IOException e) {
            throw new ImageException(
                    ImageException.Kind.HOST, "cannot read " + path(digest) + ": " + StoreLayout.reason(e), e);
        }
        throw new ImageException(
                ImageException.Kind.HOST, path(digest) + " is damaged; delete it and pull the image again");
    }

    /**
     * Reads a blob again and deletes it when the disk has changed it.
     *
     * @return whether it was damaged
     */
    public boolean dropIfDamaged(Digest digest) {
        MessageDigest sum = Digest.newMessageDigest();
        try (InputStream in = Files.newInputStream(path(digest))) {
            byte[] buffer = new byte[128 << 10];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                sum.update(buffer, 0, n);
            }
            if (Digest.finish(sum).equals(digest)) {
                return false;
            }
            Files.delete(path(digest));
            return true;
        } catch (IOException e) {
            throw new ImageException(
                    ImageException.Kind.HOST, "cannot read " + path(digest) + ": " + StoreLayout.reason(e), e);
        }
    }

    private ImageException cannotStore(Digest digest, IOException e) {
        return new ImageException(
                ImageException.Kind.HOST,
                "cannot store blob " + digest + " in " + layout.base() + ": " + StoreLayout.reason(e)
                        + "; free some space or check permissions",
                e);
    }

    /** A blob that is being written. */
    public final class Incoming implements AutoCloseable {
        private final Digest digest;
        private final Path temporary;
        private final FileChannel channel;

        private Incoming(Digest digest) {
            this.digest = digest;
            this.temporary = layout.temporary("blob");
            try {
                this.channel = AtomicFile.create(temporary);
            } catch (IOException e) {
                throw cannotStore(digest, e);
            }
        }

        /** Forgets what was written so far. */
        public void restart() {
            try {
                channel.truncate(0);
            } catch (IOException e) {
                throw cannotStore(digest, e);
            }
        }

        /** Appends bytes. */
        public void write(byte[] bytes, int count) {
            try {
                AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes, 0, count));
            } catch (IOException e) {
                throw cannotStore(digest, e);
            }
        }

        /** Makes the blob visible; the caller has verified it. */
        public void commit() {
            try {
                channel.force(true);
                AtomicFile.publish(temporary, path(digest));
            } catch (IOException e) {
                throw cannotStore(digest, e);
            }
        }

        /** Ends the writing; without a commit nothing remains. */
        @Override
        public void close() {
            try {
                channel.close();
                Files.deleteIfExists(temporary);
            } catch (IOException e) {
                throw cannotStore(digest, e);
            }
        }
    }
}
