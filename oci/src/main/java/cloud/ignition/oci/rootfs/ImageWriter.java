package cloud.ignition.oci.rootfs;

import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.Limits;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A running {@code tar2sqfs} (squashfs-tools-ng): takes a tar stream, writes a squashfs file. It only ever sees an archive
 * that {@link TarWriter} wrote from checked entries, never a registry's bytes as they came.
 *
 * <p>zstd, because the guest unpacks every block it reads and zstd is the fastest to unpack of what the guest's kernel
 * has; level 3, because higher levels cost a multiple of the time for a few per cent.
 */
final class ImageWriter implements AutoCloseable {
    /** The tool's name on the PATH. */
    static final String TOOL = "tar2sqfs";
    /** Part of an image's cache key: whatever changes the image's bytes must change this. */
    static final String RECIPE = "squashfs zstd-3 128k";

    private static final String PACKAGE = "squashfs-tools-ng";

    private final Process process;
    private final OutputStream in;
    private final Thread messages;
    private volatile String lastLine = "";

    private ImageWriter(Process process) {
        this.process = process;
        this.in = new ToProcess(new BufferedOutputStream(process.getOutputStream(), 256 << 10));
        this.messages = Thread.ofVirtual().name("tar2sqfs messages").start(this::readMessages);
    }

    /**
     * Starts the tool.
     *
     * @param tool name or path of the executable
     * @param output the file to write, which must not exist
     * @throws ImageException of kind HOST when the tool is missing
     */
    static ImageWriter start(String tool, Path output) {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                tool,
                "--no-skip",
                "--quiet",
                "--compressor",
                "zstd",
                "--comp-extra",
                "level=3",
                "--block-size",
                "131072",
                "--num-jobs",
                Integer.toString(Runtime.getRuntime().availableProcessors()),
                output.toString()));
        String path = System.getenv("PATH");
        builder.environment().clear();
        builder.environment()
                .putAll(Map.of("PATH", path == null ? "/usr/bin:/bin" : path, "LC_ALL", "C", "SOURCE_DATE_EPOCH", "0"));
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        try {
            return new ImageWriter(builder.start());
        } catch (IOException e) {
            throw new ImageException(
                    ImageException.Kind.HOST,
                    "cannot start the image writer " + tool + "; install the Debian package " + PACKAGE,
                    e);
        }
    }

    /** Where the archive goes; a write that fails throws the ImageException that {@link #finish()} would. */
    OutputStream input() {
        return in;
    }

    /**
     * Ends the archive and waits until the image is written.
     *
     * @throws ImageException of kind HOST with the tool's last line when it failed
     */
    void finish() throws IOException {
        in.close();
        try {
            if (!process.waitFor(Limits.IMAGE_WRITER_SECONDS, TimeUnit.SECONDS)) {
                throw failed("did not finish within " + Limits.IMAGE_WRITER_SECONDS + " s");
            }
            messages.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Kind.HOST, "the pull was cancelled", e);
        }
        if (process.exitValue() != 0) {
            throw failed("failed with exit code " + process.exitValue());
        }
    }

    /** Ends the tool if it still runs. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            in.close();
        } catch (IOException | ImageException e) {
            // It was ended before it took everything: whoever ended it knows why.
            lastLine = e.toString();
        }
    }

    private ImageException failed(String how) {
        String line = lastLine.isEmpty() ? "it said nothing" : lastLine;
        return new ImageException(
                ImageException.Kind.HOST,
                "image writer " + TOOL + " " + how + ": " + line
                        + "; is there space left on the state directory's disk?");
    }

    private void readMessages() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.ISO_8859_1))) {
            char[] buffer = new char[4096];
            StringBuilder tail = new StringBuilder();
            for (int count = reader.read(buffer); count >= 0; count = reader.read(buffer)) {
                tail.append(buffer, 0, count);
                tail.delete(0, Math.max(0, tail.length() - buffer.length));
            }
            lastLine = tail.toString().lines().reduce("", (first, second) -> second);
        } catch (IOException e) {
            lastLine = "its messages could not be read";
        }
    }

    /** Turns a broken pipe into the reason why the pipe broke. */
    private final class ToProcess extends FilterOutputStream {
        ToProcess(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                throw gone(e);
            }
        }

        @Override
        public void flush() {
            try {
                out.flush();
            } catch (IOException e) {
                throw gone(e);
            }
        }

        private ImageException gone(IOException broken) {
            try {
                if (process.waitFor(5, TimeUnit.SECONDS)) {
                    messages.join();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            ImageException failure = failed("stopped early");
            failure.addSuppressed(broken);
            return failure;
        }
    }
}
