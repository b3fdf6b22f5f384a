package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.SnapshotRefusedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * The manifest of a snapshot: lines of {@code key = value}, UTF-8, the last of which is the SHA-256 of all bytes before
 * it, so that a file cut off or changed anywhere is told from a whole one. docs/snapshot-format.md lists the keys.
 *
 * @param shape the machine's shape
 * @param cpu fingerprint of what the saving host's KVM offered, {@link CpuFingerprint}
 * @param stateBytes size of the file {@code state}
 * @param stateSha256 its digest, hexadecimal
 * @param memoryBytes size of the file {@code memory}
 * @param memoryCrc32c CRC-32C of its bytes that are not in a hole, as {@link MemoryFile} counts it
 * @param memoryDataBytes how many of its bytes are not in a hole
 * @param subject what it is a snapshot of, in the owner's words
 */
public record SnapshotManifest(
        MachineShape shape,
        String cpu,
        long stateBytes,
        String stateSha256,
        long memoryBytes,
        long memoryCrc32c,
        long memoryDataBytes,
        Map<String, String> subject) {
    /** Name of the manifest's file. */
    public static final String FILE = "manifest";

    /** The format this version writes and reads; a higher one is refused. */
    public static final int FORMAT_VERSION = 1;

    private static final String DIGEST_KEY = "manifest-sha256 = ";
    private static final String SUBJECT_PREFIX = "subject.";

    /** Copies the subject. */
    public SnapshotManifest {
        subject = Map.copyOf(subject);
    }

    /** The file's bytes. */
    byte[] encode() {
        StringBuilder text = new StringBuilder();
        line(text, "format-version", FORMAT_VERSION);
        line(text, "vcpus", shape.vcpus());
        line(text, "memory-bytes", memoryBytes);
        line(text, "memory-data-bytes", memoryDataBytes);
        line(text, "memory-crc32c", memoryCrc32c);
        line(text, "state-bytes", stateBytes);
        line(text, "state-sha256", stateSha256);
        line(text, "cpu", cpu);
        new TreeMap<>(subject).forEach((key, value) -> line(text, SUBJECT_PREFIX + key, value));
        String digest = Digests.sha256(text.toString().getBytes(StandardCharsets.UTF_8));
        return text.append(DIGEST_KEY).append(digest).append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void line(StringBuilder text, String key, Object value) {
        text.append(key).append(" = ").append(value).append('\n');
    }

    /**
     * Reads and checks the manifest of a snapshot directory.
     *
     * @throws SnapshotRefusedException when there is none, or it is damaged or of a newer format
     */
    public static SnapshotManifest read(Path directory) {
        Path file = directory.resolve(FILE);
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(Limits.MAX_MANIFEST_BYTES + 1);
            return parse(file, bytes);
        } catch (NoSuchFileException e) {
            throw new SnapshotRefusedException("snapshot " + directory + " has no manifest", e);
        } catch (IOException e) {
            throw new SnapshotRefusedException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static SnapshotManifest parse(Path file, byte[] bytes) {
        if (bytes.length > Limits.MAX_MANIFEST_BYTES) {
            throw new SnapshotRefusedException(file + " is larger than " + Limits.MAX_MANIFEST_BYTES + " bytes");
        }
        String text = new String(bytes, StandardCharsets.UTF_8);
        int digestAt = text.lastIndexOf(DIGEST_KEY);
        if (digestAt < 0 || !text.endsWith("\n")) {
            throw new SnapshotRefusedException(file + " is cut off");
        }
        String signed = text.substring(0, digestAt);
        String digest = text.substring(digestAt + DIGEST_KEY.length(), text.length() - 1);
        if (!digest.equals(Digests.sha256(signed.getBytes(StandardCharsets.UTF_8)))) {
            throw new SnapshotRefusedException(file + " is damaged: its digest does not match");
        }
        Map<String, String> values = new TreeMap<>();
        signed.lines().forEach(line -> {
            int separator = line.indexOf(" = ");
            if (separator > 0) {
                values.put(line.substring(0, separator), line.substring(separator + 3));
            }
        });
        long version = number(file, values, "format-version");
        if (version != FORMAT_VERSION) {
            throw new SnapshotRefusedException(file + " has format version " + version + ", this version of Ignition"
                    + " reads only " + FORMAT_VERSION);
        }
        return build(file, values);
    }

    private static SnapshotManifest build(Path file, Map<String, String> values) {
        Map<String, String> subject = new TreeMap<>();
        values.forEach((key, value) -> {
            if (key.startsWith(SUBJECT_PREFIX)) {
                subject.put(key.substring(SUBJECT_PREFIX.length()), value);
            }
        });
        try {
            long memory = number(file, values, "memory-bytes");
            return new SnapshotManifest(
                    new MachineShape(Math.toIntExact(number(file, values, "vcpus")), memory),
                    text(file, values, "cpu"),
                    number(file, values, "state-bytes"),
                    text(file, values, "state-sha256"),
                    memory,
                    number(file, values, "memory-crc32c"),
                    number(file, values, "memory-data-bytes"),
                    subject);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new SnapshotRefusedException(file + " is damaged: " + e.getMessage(), e);
        }
    }

    private static String text(Path file, Map<String, String> values, String key) {
        String value = values.get(key);
        if (value == null) {
            throw new SnapshotRefusedException(file + " has no " + key);
        }
        return value;
    }

    private static long number(Path file, Map<String, String> values, String key) {
        String value = text(file, values, key);
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new SnapshotRefusedException(file + " has no number as " + key + ": " + value, e);
        }
    }
}
