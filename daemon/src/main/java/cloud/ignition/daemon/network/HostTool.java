package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A command of the host that the daemon calls.
 *
 * @param command program name
 * @param debianPackage package that has it
 */
record HostTool(String command, String debianPackage) {
    static final HostTool IP = new HostTool("ip", "iproute2");
    static final HostTool NFT = new HostTool("nft", "nftables");

    private static final int TIMEOUT_SECONDS = 30;
    private static final int MAX_OUTPUT = 16 << 20;

    /**
     * Runs the tool with a text as its standard input and gives its standard output.
     *
     * @throws UserException when it is missing or fails; with the first line it complained in
     */
    String run(String input, List<String> arguments) {
        List<String> all = new java.util.ArrayList<>();
        all.add(command);
        all.addAll(arguments);
        Process process = start(all);
        try {
            // Both tools read all of their input before they write.
            try (OutputStream stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            }
            String output = read(process.getInputStream());
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                throw UserException.unavailable("'" + String.join(" ", all) + "' did not end within " + TIMEOUT_SECONDS
                        + " s; is the host overloaded?");
            }
            if (process.exitValue() != 0) {
                throw UserException.unavailable("'" + String.join(" ", all) + "' failed: " + firstLine(output)
                        + "; the daemon needs root and a kernel with TUN and nf_tables");
            }
            return output;
        } catch (IOException e) {
            throw UserException.unavailable("'" + String.join(" ", all) + "' failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw UserException.unavailable("'" + command + "' was interrupted");
        } finally {
            process.destroyForcibly();
        }
    }

    private Process start(List<String> all) {
        ProcessBuilder builder = new ProcessBuilder(all).redirectErrorStream(true);
        // Debian keeps both in sbin, which is not in every caller's PATH.
        String path = builder.environment().getOrDefault("PATH", "/usr/bin:/bin");
        builder.environment().put("PATH", path + ":/usr/sbin:/sbin");
        builder.environment().put("LC_ALL", "C");
        builder.command().set(0, resolve(path + ":/usr/sbin:/sbin"));
        try {
            return builder.start();
        } catch (IOException e) {
            throw missing();
        }
    }

    private String resolve(String path) {
        for (String directory : path.split(":", -1)) {
            java.nio.file.Path file = java.nio.file.Path.of(directory, command);
            if (!directory.isEmpty() && java.nio.file.Files.isExecutable(file)) {
                return file.toString();
            }
        }
        throw missing();
    }

    private UserException missing() {
        return UserException.unavailable(
                "the command '" + command + "' is missing on this host; install the Debian package " + debianPackage);
    }

    private static String read(InputStream stream) throws IOException {
        return new String(stream.readNBytes(MAX_OUTPUT), StandardCharsets.UTF_8);
    }

    private static String firstLine(String output) {
        return output.lines()
                .filter(line -> !line.isBlank())
                .findFirst()
                .orElse("no message")
                .strip();
    }
}
