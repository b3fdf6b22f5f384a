package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.codec.CorruptStateException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.TreeMap;

/**
 * The manifest of a snapshot: what it is of, what it needs, and the sizes and digests of its files. {@link ManifestText}
 * is its form on disk; docs/snapshot-format.md lists the keys.
 *
 * @param shape the machine's shape; the file {@code memory} has as many bytes as the machine has RAM
 * @param host what of its host's CPU and kernel the machine depends on
 * @param stateBytes size of the file {@code state}
 * @param stateSha256 its digest, hexadecimal
 * @param memoryCrc32c CRC-32C of the bytes of the file {@code memory} that are not in a hole, as {@link MemoryFile} counts
 * @param memoryDataBytes how many of its bytes are not in a hole
 * @param changes what differs from that in the machine's memory
 * @param subject what it is a snapshot of, in the owner's words
 */
public record SnapshotManifest(
        MachineShape shape,
        HostFacts host,
        long stateBytes,
        String stateSha256,
        long memoryCrc32c,
        long memoryDataBytes,
        ChangeFacts changes,
        SnapshotSubject subject) {
    /** Name of the manifest's file. */
    public static final String FILE = "manifest";

    /** The format this version writes, and the only one it reads. */
    public static final int FORMAT_VERSION = 4;

    private static final int PAGE = 4096;

    /**
     * @throws CorruptStateException when a size or a digest is none that a snapshot can have
     */
    public SnapshotManifest {
        CorruptStateException.require(
                stateBytes > 0 && stateBytes <= Limits.MAX_STATE_BYTES, "a state of " + stateBytes + " bytes");
        CorruptStateException.require(stateSha256.matches("[0-9a-f]{64}"), "no digest of the state");
        CorruptStateException.require(memoryCrc32c >= 0 && memoryCrc32c <= 0xffff_ffffL, "no checksum of the memory");
        CorruptStateException.require(
                memoryDataBytes >= 0 && memoryDataBytes <= shape.memoryBytes() && memoryDataBytes % PAGE == 0,
                "data of " + memoryDataBytes + " bytes in a memory of " + shape.memoryBytes());
        CorruptStateException.require(
                changes.dataBytes() <= shape.memoryBytes(),
                "changed pages of " + changes.dataBytes() + " bytes in a memory of " + shape.memoryBytes());
    }

    /** The file's bytes. */
    byte[] encode() {
        return text().finish();
    }

    private ManifestText.Writer text() {
        ManifestText.Writer out = new ManifestText.Writer();
        out.line(ManifestText.FORMAT_VERSION, FORMAT_VERSION);
        out.line("vcpus", shape.vcpus());
        out.line("memory-bytes", shape.memoryBytes());
        out.line("memory-data-bytes", memoryDataBytes);
        out.line("memory-crc32c", memoryCrc32c);
        out.line("changes-runs", changes.runs());
        out.line("changes-data-bytes", changes.dataBytes());
        out.line("changes-index-crc32c", changes.indexCrc32c());
        out.line("changes-data-crc32c", changes.dataCrc32c());
        out.line("state-bytes", stateBytes);
        out.line("state-sha256", stateSha256);
        out.hostFacts(host);
        new TreeMap<>(subject.facts()).forEach((key, value) -> out.line(ManifestText.SUBJECT_PREFIX + key, value));
        return out;
    }

    /**
     * Reads and checks the manifest of a snapshot directory.
     *
     * @throws SnapshotRefusedException when there is none, or it is damaged or of another format
     */
    public static SnapshotManifest read(Path directory) {
        return decode(directory, SnapshotFile.read(directory, FILE, Limits.MAX_MANIFEST_BYTES));
    }

    /** As {@link #read}, of the file's bytes. */
    static SnapshotManifest decode(Path directory, byte[] bytes) {
        try {
            ManifestText text = ManifestText.parse(bytes);
            long version = text.number(ManifestText.FORMAT_VERSION);
            if (version != FORMAT_VERSION) {
                throw SnapshotRefusedException.ofOtherVersion(
                        directory,
                        "it has format version " + version + ", this version of Ignition reads " + FORMAT_VERSION);
            }
            SnapshotManifest manifest = new SnapshotManifest(
                    new MachineShape(Math.toIntExact(text.number("vcpus")), text.number("memory-bytes")),
                    text.hostFacts(),
                    text.number("state-bytes"),
                    text.text("state-sha256"),
                    text.number("memory-crc32c"),
                    text.number("memory-data-bytes"),
                    new ChangeFacts(
                            Math.toIntExact(text.number("changes-runs")),
                            text.number("changes-data-bytes"),
                            text.number("changes-index-crc32c"),
                            text.number("changes-data-crc32c")),
                    new SnapshotSubject(text.subject()));
            // Unknown and doubled keys, another order, another way to write a number: nothing that we wrote.
            CorruptStateException.require(text.isAsWrittenBy(manifest.text()), "it is not as Ignition writes one");
            return manifest;
        } catch (IllegalArgumentException | ArithmeticException | CorruptStateException e) {
            throw SnapshotRefusedException.damaged(directory, "its manifest is damaged: " + e.getMessage(), e);
        }
    }

    /** The file's text for messages and tests. */
    @Override
    public String toString() {
        return new String(encode(), StandardCharsets.UTF_8);
    }
}
