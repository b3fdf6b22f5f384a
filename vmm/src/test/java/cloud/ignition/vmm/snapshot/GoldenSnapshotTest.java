package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.Virtio;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * A snapshot that an earlier build wrote of a real machine ({@link TinyMachine}) is read in full: who changes the format
 * sees it here, raises {@link SnapshotManifest#FORMAT_VERSION} and writes a new one, see docs/snapshot-format.md. Its
 * memory is kept as a list of pages (offset, 4096 bytes), compressed.
 */
class GoldenSnapshotTest {
    private static final Path RESOURCES = Path.of("src/test/resources/snapshot");
    private static final Path GOLDEN = RESOURCES.resolve("golden-v" + SnapshotManifest.FORMAT_VERSION);
    private static final String PAGES = "memory-pages.gz";
    private static final int PAGE = 4096;
    private static final List<String> SMALL =
            List.of(SnapshotManifest.FILE, SnapshotWriter.STATE_FILE, ChangesFile.NAME);

    @TempDir
    Path directory;

    @Test
    void isReadInFull() throws IOException {
        unpack();
        SnapshotReader.verify(directory);
        SnapshotManifest manifest = SnapshotManifest.read(directory);
        assertThat(manifest.shape()).isEqualTo(new MachineShape(1, 64L << 20));
        assertThat(manifest.subject()).isEqualTo(TinyMachine.SUBJECT);
        assertThat(manifest.host().cpuid()).hasSizeGreaterThan(10);
        assertThat(manifest.host().msrs()).hasSizeGreaterThan(10).contains(0x10);
        assertThat(manifest.memoryDataBytes()).isBetween(3L * PAGE, 20L * PAGE);
        assertThat(manifest.changes().dataBytes()).isBetween(1L * PAGE, 8L * PAGE);

        MachineState state = SnapshotReader.readState(directory, manifest);
        assertThat(state.vcpus()).hasSize(1);
        assertThat(state.serial().partialLine()).isEqualTo(TinyMachine.PRINTED);
        assertThat(state.doorbell().answering()).isTrue();
        assertThat(state.devices().transports())
                .extracting(MmioTransportState::deviceId)
                .containsExactly(Virtio.ID_BLOCK, Virtio.ID_NET, Virtio.ID_RNG, Virtio.ID_CONSOLE, Virtio.ID_BALLOON);
        assertThat(state.devices().disks().getFirst().sectors()).isEqualTo(128);
        assertThat(state.devices().nets().getFirst().mac()).hasToString("02:11:22:33:44:55");
        assertThat(state.encode()).isEqualTo(Files.readAllBytes(directory.resolve("state")));
    }

    @Test
    void theOneOfAnOlderVersionIsRefusedByItsNumber() throws IOException {
        assertThat(SnapshotManifest.FORMAT_VERSION).isGreaterThan(1);
        for (int version = 1; version < SnapshotManifest.FORMAT_VERSION; version++) {
            Path old = RESOURCES.resolve("golden-v" + version);
            assertThatThrownBy(() -> SnapshotReader.verify(old))
                    .isInstanceOf(SnapshotRefusedException.class)
                    .hasMessage("snapshot " + old + " is refused: it has format version " + version
                            + ", this version of Ignition reads " + SnapshotManifest.FORMAT_VERSION
                            + "; restore it with the version that wrote it or boot the machine anew");
        }
    }

    private void unpack() throws IOException {
        for (String name : SMALL) {
            Files.copy(GOLDEN.resolve(name), directory.resolve(name));
        }
        byte[] page = new byte[PAGE];
        try (DataInputStream pages =
                        new DataInputStream(new GZIPInputStream(Files.newInputStream(GOLDEN.resolve(PAGES))));
                FileChannel memory = FileChannel.open(
                        directory.resolve(SnapshotWriter.MEMORY_FILE),
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.WRITE)) {
            while (true) {
                long offset = pages.readLong();
                pages.readFully(page);
                memory.write(ByteBuffer.wrap(page), offset);
            }
        } catch (EOFException e) {
            // all pages are there: offset and bytes come together
        }
    }

    /** Writes the golden snapshot of the present format: {@code -Dsnapshot.golden=write}. */
    @Test
    @EnabledIfSystemProperty(named = "snapshot.golden", matches = "write")
    void write() throws IOException {
        Path base = directory.resolve("base");
        try (TinyMachine machine = TinyMachine.booted(directory)) {
            machine.vm.save(base, TinyMachine.SUBJECT);
        }
        Path fresh = directory.resolve("fresh");
        try (TinyMachine machine = TinyMachine.restored(base, directory)) {
            machine.goOn();
            machine.vm.save(fresh, TinyMachine.SUBJECT);
        }
        Files.createDirectories(GOLDEN);
        for (String name : SMALL) {
            Files.copy(fresh.resolve(name), GOLDEN.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
        byte[] memory = Files.readAllBytes(fresh.resolve(SnapshotWriter.MEMORY_FILE));
        try (DataOutputStream pages =
                new DataOutputStream(new GZIPOutputStream(Files.newOutputStream(GOLDEN.resolve(PAGES))))) {
            for (int at = 0; at < memory.length; at += PAGE) {
                int end = at + PAGE;
                boolean data = at + PAGE == memory.length; // so that the file gets its size
                for (int i = at; i < end && !data; i++) {
                    data = memory[i] != 0;
                }
                if (data) {
                    pages.writeLong(at);
                    pages.write(memory, at, PAGE);
                }
            }
        }
    }
}
