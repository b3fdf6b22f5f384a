package cloud.ignition.oci.rootfs;

import cloud.ignition.oci.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/** Builds root images of handmade layers. */
final class RootImages {
    private RootImages() {}

    /** A layer whose blob is the archive as it is. */
    static Layer plain(Path directory, byte[] tar) throws IOException {
        return layer(directory, tar, tar);
    }

    static Layer gzip(Path directory, byte[] tar) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(tar);
        }
        return layer(directory, bytes.toByteArray(), tar);
    }

    /** A layer with this blob and the diff id of that archive. */
    static Layer layer(Path directory, byte[] blob, byte[] tar) throws IOException {
        Digest digest = Digest.of(blob);
        Path file = directory.resolve(digest.hex());
        Files.write(file, blob);
        return new Layer(digest, Digest.of(tar), blob.length, file);
    }

    /** Builds and opens the image. */
    static Squashfs build(Path directory, List<Layer> layers) throws IOException {
        Path image = Files.createTempFile(directory, "root", ".squashfs");
        Files.delete(image);
        new RootImageBuilder().build(layers, image);
        return new Squashfs(image);
    }

    static Squashfs build(Path directory, TarBytes... archives) throws IOException {
        List<Layer> layers = new ArrayList<>();
        for (TarBytes archive : archives) {
            layers.add(plain(directory, archive.done()));
        }
        return build(directory, layers);
    }
}
