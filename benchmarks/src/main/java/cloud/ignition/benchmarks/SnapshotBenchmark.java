package cloud.ignition.benchmarks;

import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.Pages;
import cloud.ignition.vmm.memory.FreePages;
import cloud.ignition.vmm.snapshot.MachineState;
import cloud.ignition.vmm.snapshot.PageScan;
import cloud.ignition.vmm.snapshot.SnapshotManifest;
import cloud.ignition.vmm.snapshot.SnapshotReader;
import cloud.ignition.vmm.snapshot.TinySnapshot;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What a save looks at, and what a wake reads. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SnapshotBenchmark {
    private static final long MEMORY_BYTES = 256L << 20;

    /** Memory of which a third each is untouched, touched but zero, and data. */
    @State(Scope.Thread)
    public static class Memory {
        private final Mmap memory = Mmap.anonymous(MEMORY_BYTES);
        private final FreePages free = new FreePages(memory);
        private long dataPages;

        /** Every 48 pages 16 of each kind, so that no kind comes in one piece. */
        @Setup
        public void fill() {
            for (long page = 0; page < MEMORY_BYTES / Pages.SIZE; page++) {
                long kind = page / 16 % 3;
                if (kind > 0) {
                    memory.segment().set(ValueLayout.JAVA_BYTE, page * Pages.SIZE + Pages.SIZE / 2, (byte) (kind - 1));
                }
                dataPages += kind == 2 ? 1 : 0;
            }
        }

        /** Unmaps it. */
        @TearDown
        public void close() {
            memory.close();
        }
    }

    /** A snapshot of the tiny machine. */
    @State(Scope.Thread)
    public static class Saved {
        private final Path scratch;
        private final Path snapshot;

        /** Boots and saves it. */
        public Saved() {
            try {
                scratch = Files.createTempDirectory("ignition-bench");
                snapshot = scratch.resolve("snapshot");
                TinySnapshot.write(snapshot, scratch);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        /** Deletes it. */
        @TearDown
        public void delete() throws IOException {
            Scratch.delete(scratch);
        }
    }

    /** Tells the pages of 256 MiB that a save would write from those it leaves out. */
    @Benchmark
    public long scan(Memory memory) {
        long pages = PageScan.dataPages(memory.memory, memory.free);
        if (pages != memory.dataPages) {
            throw new IllegalStateException(pages + " pages");
        }
        return pages;
    }

    /** Reads and checks the manifest. */
    @Benchmark
    public SnapshotManifest manifest(Saved saved) {
        return SnapshotManifest.read(saved.snapshot);
    }

    /** Reads both, compares the digest, decodes and checks the state: all that a wake reads but memory. */
    @Benchmark
    public List<Object> manifestAndState(Saved saved) {
        SnapshotManifest manifest = SnapshotManifest.read(saved.snapshot);
        MachineState state = SnapshotReader.readState(saved.snapshot, manifest);
        return List.of(manifest, state);
    }
}
