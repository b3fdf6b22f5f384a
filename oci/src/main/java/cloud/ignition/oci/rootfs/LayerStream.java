package cloud.ignition.oci.rootfs;

import cloud.ignition.oci.Limits;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.zip.GZIPInputStream;

/**
 * The tar archive in a layer's blob. The compression is told by its magic number, as every container engine does,
 * because media types in the wild do not always tell the truth; the diff id decides what is right.
 */
final class LayerStream {
    private static final int BUFFER = 128 << 10;

    private LayerStream() {}

    /** Opens the archive of a layer that was read before, so that its limits and digest are known to hold. */
    static InputStream open(Layer layer) throws IOException {
        return new BufferedInputStream(decompressed(layer), BUFFER);
    }

    /** Opens the archive, with all limits watched and every byte fed to the digest. */
    static InputStream openChecked(Layer layer, Budget budget, MessageDigest digest) throws IOException {
        InputStream limited = new Limited(decompressed(layer), layer.size(), budget);
        return new BufferedInputStream(new DigestInputStream(limited, digest), BUFFER);
    }

    // The streams opened here are closed by the one returned, or by the catch.
    @SuppressWarnings("resource")
    private static InputStream decompressed(Layer layer) throws IOException {
        InputStream blob = new BufferedInputStream(Files.newInputStream(layer.blob()), BUFFER);
        try {
            blob.mark(4);
            byte[] magic = blob.readNBytes(4);
            blob.reset();
            if (startsWith(magic, 0x1f, 0x8b)) {
                return new GZIPInputStream(blob, BUFFER);
            }
            if (startsWith(magic, 0x28, 0xb5, 0x2f, 0xfd)) {
                ZstdInputStreamNoFinalizer zstd = new ZstdInputStreamNoFinalizer(blob);
                zstd.setLongMax(Limits.MAX_ZSTD_WINDOW_LOG);
                return zstd;
            }
            return blob;
        } catch (IOException | RuntimeException e) {
            blob.close();
            throw e;
        }
    }

    private static boolean startsWith(byte[] bytes, int... prefix) {
        if (bytes.length < prefix.length) {
            return false;
        }
        for (int i = 0; i < prefix.length; i++) {
            if ((bytes[i] & 0xff) != prefix[i]) {
                return false;
            }
        }
        return true;
    }

    /** Ends a decompression bomb. */
    private static final class Limited extends FilterInputStream {
        private final long compressed;
        private final Budget budget;
        private long unpacked;

        Limited(InputStream in, long compressed, Budget budget) {
            super(in);
            this.compressed = compressed;
            this.budget = budget;
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            if (value >= 0) {
                count(1);
            }
            return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = super.read(buffer, offset, length);
            if (count > 0) {
                count(count);
            }
            return count;
        }

        private void count(int bytes) {
            unpacked += bytes;
            budget.addUnpacked(bytes);
            if (unpacked > Limits.MAX_LAYER_UNPACKED_BYTES) {
                throw new TarException(
                        "it unpacks to more than the limit of " + Limits.MAX_LAYER_UNPACKED_BYTES + " bytes");
            }
            if (unpacked > Limits.RATIO_FREE_BYTES && unpacked / Limits.MAX_DECOMPRESSION_RATIO > compressed) {
                throw new TarException("it unpacks to more than " + Limits.MAX_DECOMPRESSION_RATIO
                        + " times its size: a decompression bomb");
            }
        }
    }
}
