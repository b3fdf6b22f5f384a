package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.memory.FreePages;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A file system that is full, and a writer that is killed: never a half snapshot, the former one stays valid. */
@Timeout(120)
class FullDiskTest {
    @TempDir
    Path directory;

    @TempDir
    Path elsewhere;

    /** In a mount namespace of its own, so that nothing of this host is touched: see {@link FullDisk}. */
    @Test
    void aFullFileSystem() throws Exception {
        String script = "mount -t tmpfs -o size=40m none '" + directory + "' && exec \"$@\"";
        List<String> command = new ArrayList<>(List.of("unshare", "-m", "sh", "-c", script, "sh"));
        command.addAll(java(FullDisk.class, directory, elsewhere));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("refused before", "failed in the middle", "saved elsewhere", "succeeded");
    }

    /** In memory, because a kill loses nothing that was written; the waits for a disk would only make it slow. */
    @Test
    void aWriterThatIsKilled() throws Exception {
        Path shelf = Files.createTempDirectory(Path.of("/dev/shm"), "ignition-test");
        try {
            killSome(shelf);
        } finally {
            try (Stream<Path> all = Files.walk(shelf)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    private static void killSome(Path shelf) throws Exception {
        for (int kill = 0; kill < 3; kill++) {
            Process process = new ProcessBuilder(java(EndlessWriter.class, shelf))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            int durable = 0;
            try (BufferedReader lines = process.inputReader()) {
                for (int i = 0; i < 1 + kill; i++) {
                    durable = Integer.parseInt(lines.readLine());
                }
                LockSupport.parkNanos(kill * 3_000_000L); // somewhere in the next one
                process.destroyForcibly();
                process.waitFor();
            }
            int newest = newestOf(shelf);
            assertThat(newest).isGreaterThanOrEqualTo(durable);
            SnapshotReader.verify(shelf.resolve(Integer.toString(newest)));
        }
    }

    private static int newestOf(Path shelf) throws IOException {
        try (Stream<Path> entries = Files.list(shelf)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> !name.endsWith(SnapshotWriter.TEMPORARY_SUFFIX))
                    .mapToInt(Integer::parseInt)
                    .max()
                    .orElse(0);
        }
    }

    private static List<String> java(Class<?> main, Path... arguments) throws URISyntaxException {
        List<String> path = new ArrayList<>();
        for (Class<?> of : List.of(main, SnapshotWriter.class, Fd.class)) {
            path.add(Path.of(of.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString());
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                String.join(File.pathSeparator, path),
                main.getName()));
        Stream.of(arguments).map(Path::toString).forEach(command::add);
        return command;
    }

    /** Writes one snapshot after another, and says which are durable. */
    static final class EndlessWriter {
        private EndlessWriter() {}

        public static void main(String[] arguments) throws IOException {
            Path shelf = Path.of(arguments[0]);
            try (WrittenSnapshot source = new WrittenSnapshot(2048, 1)) {
                for (int number = newestOf(shelf) + 1; number < 10_000; number++) {
                    source.write(shelf.resolve(Integer.toString(number)));
                    System.out.println(number);
                    SnapshotWriter.delete(shelf.resolve(Integer.toString(number - 2)));
                }
            }
        }
    }

    /** Writes snapshots into a file system of 40 MiB with ever more room, until one succeeds. */
    static final class FullDisk {
        private static final int PAGES = 64;

        private FullDisk() {}

        public static void main(String[] arguments) throws IOException {
            Path shelf = Path.of(arguments[0]);
            Path filler = shelf.resolve("filler");
            try (WrittenSnapshot source = new WrittenSnapshot(9 * 256, 1);
                    WrittenSnapshot first = new WrittenSnapshot(PAGES, 2);
                    Fd fd = Fd.open(filler.toString(), Fd.O_RDWR | Fd.O_CREAT, 0600)) {
                Path former = shelf.resolve("1");
                Path next = shelf.resolve("2");
                first.write(former);

                fill(fd, shelf, 16L << 20);
                String refusal = failure(source, next, source.dataBytes());
                if (!refusal.contains("no space in " + shelf + ": up to 18 MiB are needed, 16 MiB are free")) {
                    throw new AssertionError(refusal);
                }
                System.out.println("refused before: " + refusal);
                requireOnly(shelf, former);

                int failures = 0;
                // What is asked for is too little, as if others had taken the room since: memory, state, manifest and
                // directory each fail once.
                for (long pages = 9 * 256 - 100; ; pages += pages < 9 * 256 - 4 ? 32 : 1) {
                    fill(fd, shelf, pages * 4096);
                    String failed = failure(source, next, 0);
                    if (failed.isEmpty()) {
                        break;
                    }
                    if (!failed.contains("No space left on device") || failed.contains("\n")) {
                        throw new AssertionError(failed);
                    }
                    System.out.println("failed in the middle: " + failed);
                    requireOnly(shelf, former);
                    failures++;
                }
                if (failures < 6) {
                    throw new AssertionError("only " + failures + " failures");
                }
                SnapshotReader.verify(next);
                fill(fd, shelf, 0);
                saveRestoredOnFullTmpfs(former, Path.of(arguments[1]).resolve("1"));
                System.out.println("saved elsewhere from a full file system");
                System.out.println("succeeded after " + failures + " failures");
            }
        }

        /**
         * Holes of a file in a tmpfs need room even to be read through a mapping; else there is a SIGBUS. A restored
         * machine's save leaves them alone.
         */
        private static void saveRestoredOnFullTmpfs(Path former, Path target) throws IOException {
            SnapshotManifest manifest = SnapshotManifest.read(former);
            try (Mmap memory = Mmap.reserved(manifest.shape().memoryBytes())) {
                FreePages free = new FreePages(memory);
                SnapshotReader.loadMemory(former, manifest, memory, free);
                SnapshotWriter.write(
                        target,
                        SavedMachine.of(manifest.shape(), Samples.host(), Samples.machine(1), manifest.subject()),
                        new MemoryToSave(memory, free, 0, null),
                        () -> false);
            }
            SnapshotReader.verify(target);
        }

        private static String failure(WrittenSnapshot source, Path target, long room) {
            try {
                source.write(target, room);
                return "";
            } catch (UncheckedIOException e) {
                return String.valueOf(e.getMessage());
            }
        }

        /** Makes a file as large as leaves so many bytes free. */
        private static void fill(Fd filler, Path shelf, long leave) throws IOException {
            filler.truncate(0);
            long size = shelf.toFile().getUsableSpace() - leave;
            try (Arena arena = Arena.ofConfined()) {
                filler.pwriteFully(arena.allocate(size), 0);
            }
        }

        private static void requireOnly(Path shelf, Path former) throws IOException {
            try (Stream<Path> entries = Files.list(shelf)) {
                List<String> names = entries.map(entry -> entry.getFileName().toString())
                        .sorted()
                        .toList();
                if (!names.equals(List.of("1", "filler"))) {
                    throw new AssertionError("left behind: " + names);
                }
            }
            SnapshotReader.verify(former);
        }
    }
}
