package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Kernel settings below {@code /proc/sys} (sysctl(8)). */
final class Sysctl {
    private static final Path ROOT = Path.of("/proc/sys");

    private Sysctl() {}

    /**
     * Writes a setting unless it has the value already.
     *
     * @param path below /proc/sys, with slashes (a tap's name may hold dots)
     * @throws UserException when it cannot be written
     */
    static void set(String path, String value) {
        Path file = ROOT.resolve(path);
        try {
            if (!Files.readString(file, StandardCharsets.US_ASCII).strip().equals(value)) {
                Files.writeString(file, value, StandardCharsets.US_ASCII);
            }
        } catch (IOException e) {
            throw UserException.unavailable(
                    "kernel setting " + file + " cannot be set to " + value + ": " + e.getMessage()
                            + "; the daemon needs root and a writable /proc/sys",
                    e);
        }
    }

    /** As {@link #set}, unless the kernel does not have the setting (for example without IPv6). */
    static void setIfPresent(String path, String value) {
        if (Files.exists(ROOT.resolve(path))) {
            set(path, value);
        }
    }
}
