package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.SnapshotRefusedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever happens to a snapshot directory: it is refused, with one line that names it and the remedy. */
@Timeout(120)
class DamagedSnapshotTest {
    private static final List<String> FILES = List.of("manifest", "state", "memory", "changes");

    @TempDir
    Path directory;

    private Path snapshot;

    @BeforeEach
    void write() throws IOException {
        snapshot = write("1", 1);
        SnapshotReader.verify(snapshot);
    }

    @AfterEach
    void stillCanBeRemoved() throws IOException {
        SnapshotWriter.delete(snapshot);
        assertThat(snapshot).doesNotExist();
    }

    private Path write(String name, long seed) throws IOException {
        Path written = directory.resolve(name);
        try (WrittenSnapshot source = new WrittenSnapshot(20, seed)) {
            source.write(directory.resolve("base"));
            source.writeChanged(directory.resolve("base"), written);
        } finally {
            SnapshotWriter.delete(directory.resolve("base"));
        }
        return written;
    }

    @Test
    void cutOffAtAnyByte() throws IOException {
        SnapshotManifest manifest = SnapshotManifest.read(snapshot);
        cutOff("manifest", 1, () -> SnapshotManifest.read(snapshot));
        cutOff("state", 1, () -> SnapshotReader.readState(snapshot, manifest));
        cutOff("memory", (1 << 20) + 4095, () -> SnapshotReader.verify(snapshot));
        cutOff("changes", 7, () -> checkChanges(manifest));
        SnapshotReader.verify(snapshot);
    }

    private void cutOff(String name, int step, ThrowingCallable read) throws IOException {
        Path file = snapshot.resolve(name);
        Path whole = Files.copy(file, directory.resolve("whole"), StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (long length = channel.size() - 1; length >= 0; length -= step) {
                channel.truncate(length);
                refused(read);
            }
        }
        Files.move(whole, file, StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void anyBitFlipped() throws IOException {
        SnapshotManifest manifest = SnapshotManifest.read(snapshot);
        flip("manifest", 1, () -> SnapshotManifest.read(snapshot));
        // Every byte, and every bit of some; all bits take half a minute.
        flip(
                "state",
                Boolean.getBoolean("snapshot.every-bit") ? 1 : 7,
                () -> SnapshotReader.readState(snapshot, manifest));
        // Pages with data and holes, first bytes and last ones.
        flip("memory", (8L << 20) * 8 / 53, () -> SnapshotReader.verify(snapshot));
        flip("changes", 97, () -> checkChanges(manifest));
        SnapshotReader.verify(snapshot);
    }

    private void checkChanges(SnapshotManifest manifest) {
        ChangesFile.check(snapshot, manifest.changes(), manifest.shape().memoryBytes());
    }

    private void flip(String name, long step, ThrowingCallable read) throws IOException {
        try (FileChannel file =
                FileChannel.open(snapshot.resolve(name), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer octet = ByteBuffer.allocate(1);
            for (long bit = 0; bit < file.size() * 8; bit += step) {
                file.read(octet.clear(), bit / 8);
                byte was = octet.get(0);
                octet.put(0, (byte) (was ^ 1 << bit % 8));
                file.write(octet.clear(), bit / 8);
                refused(read);
                octet.put(0, was);
                file.write(octet.clear(), bit / 8);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"manifest", "state", "memory", "changes"})
    void oneByteMoreOrAnEnormousFile(String name) throws IOException {
        try (FileChannel file = FileChannel.open(snapshot.resolve(name), StandardOpenOption.WRITE)) {
            long size = file.size();
            file.write(ByteBuffer.allocate(1), size);
            refused();
            file.write(ByteBuffer.allocate(1), 1L << 40);
            refused();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"manifest", "state", "memory", "changes"})
    void aFileIsMissing(String name) throws IOException {
        Files.delete(snapshot.resolve(name));
        assertThat(refused()).contains("it has no file " + name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"manifest", "state", "memory", "changes"})
    void aFileIsAnotherSnapshots(String name) throws IOException {
        Path other = write("other", 2);
        if (name.equals("state")) { // of the same machine, it would be the same
            Files.write(other.resolve("state"), Samples.machine(2).encode());
        }
        Files.copy(other.resolve(name), snapshot.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        refused();
    }

    @ParameterizedTest
    @ValueSource(strings = {"manifest", "state", "memory", "changes"})
    void aFileIsALinkAPipeOrADirectory(String name) throws Exception {
        Path file = snapshot.resolve(name);
        Path moved = Files.move(file, directory.resolve("moved"));
        Files.createSymbolicLink(file, moved);
        refused();
        Files.delete(file);
        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor())
                .isZero();
        assertThat(refused()).contains("its " + name + " is not a file");
        Files.delete(file);
        Files.createDirectory(file);
        assertThat(refused()).contains("its " + name + " is not a file");
    }

    @Test
    void theDirectoryIsEmptyOrMissing() throws IOException {
        for (String name : FILES) {
            Files.delete(snapshot.resolve(name));
        }
        refused();
        Files.delete(snapshot);
        refused();
    }

    private String refused() {
        return refused(() -> SnapshotReader.verify(snapshot));
    }

    private String refused(ThrowingCallable read) {
        SnapshotRefusedException[] caught = new SnapshotRefusedException[1];
        assertThatThrownBy(read).isInstanceOfSatisfying(SnapshotRefusedException.class, e -> caught[0] = e);
        String message = String.valueOf(caught[0].getMessage());
        if (!message.startsWith("snapshot " + snapshot + " is refused: ")
                || !(message.endsWith("; boot the machine anew") || message.endsWith(" or boot the machine anew"))
                || message.contains("\n")) {
            throw new AssertionError("not one line with directory and remedy: " + message);
        }
        return message;
    }
}
