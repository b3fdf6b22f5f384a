package cloud.ignition.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Guest kernel and init, the image writer, and room for images and snapshots. */
final class StorageChecks {
    private static final long GIB = 1L << 30;

    /** A root image and one snapshot of a small application. */
    private static final long LEAST_FREE = GIB / 2;

    private static final long COMFORTABLE_FREE = 5 * GIB;

    private StorageChecks() {}

    static List<Finding> run(Host host, Path stateDirectory) {
        return List.of(
                guestFile(host, "guest kernel", "IGNITION_KERNEL"),
                guestFile(host, "guest init", "IGNITION_INITRAMFS"),
                Programs.check(host, "tar2sqfs", "squashfs-tools-ng", "root images"),
                space(stateDirectory));
    }

    private static Finding guestFile(Host host, String subject, String variable) {
        String file = host.environment().getOrDefault(variable, "");
        if (file.isEmpty()) {
            return Finding.fail(subject, "not built (" + variable + " is not set)", "build it: make guest");
        }
        if (!Files.isReadable(Path.of(file))) {
            return Finding.fail(subject, file + " cannot be read", "build it: make guest, or correct " + variable);
        }
        return Finding.ok(subject, file);
    }

    private static Finding space(Path stateDirectory) {
        String subject = "state directory";
        Path existing = stateDirectory.toAbsolutePath();
        while (!Files.exists(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        long free;
        try {
            free = Files.getFileStore(existing).getUsableSpace();
        } catch (IOException e) {
            return Finding.fail(
                    subject, stateDirectory + " cannot be looked at: " + e.getMessage(), "choose another with --state");
        }
        String seen = String.format(Locale.ROOT, "%s, %.1f GiB free", stateDirectory, (double) free / GIB);
        if (free < LEAST_FREE) {
            return Finding.fail(subject, seen, "make room: an application needs its image and its memory as files");
        }
        if (free < COMFORTABLE_FREE) {
            return Finding.warn(subject, seen, "make room before running many applications");
        }
        return Finding.ok(subject, seen);
    }
}
