package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.memory.FreePages;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A hint that is right helps, and one that is wrong, damaged or missing changes nothing. */
class WorkingSetTest {
    private static final int PAGE = 4096;
    private static final long MEMORY_BYTES = 64L << 20;
    private static final int PAGES = (int) (MEMORY_BYTES / PAGE);

    @TempDir
    Path directory;

    private Path snapshot;

    /** All pages have data. */
    @BeforeEach
    void writeBase() {
        snapshot = directory.resolve("1");
        try (WrittenSnapshot source = new WrittenSnapshot(PAGES, 1)) {
            source.write(snapshot);
        }
    }

    private Mmap restored(WorkingSet workingSet) {
        SnapshotManifest manifest = SnapshotManifest.read(snapshot);
        assertThat(manifest.shape()).isEqualTo(new MachineShape(1, MEMORY_BYTES));
        Mmap memory = Mmap.reserved(MEMORY_BYTES);
        SnapshotReader.loadMemory(snapshot, manifest, memory, new FreePages(memory), workingSet);
        memory.advise(Mmap.MADV_RANDOM); // fewer neighbours come with a page
        return memory;
    }

    private static void touch(Mmap memory, int... pages) {
        for (int page : pages) {
            assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, (long) page * PAGE))
                    .isNotZero();
        }
    }

    /** Pages of the base that are in the page cache; not those that the disk is still reading. */
    private long cachedPages() throws Exception {
        Process fincore = new ProcessBuilder(
                        "fincore",
                        "-nb",
                        "-o",
                        "PAGES",
                        snapshot.resolve("memory").toString())
                .start();
        return Long.parseLong(new String(fincore.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip());
    }

    /** The disk reads beside everything else, in its own time. */
    private void awaitCachedPages(long pages) throws Exception {
        for (int tries = 0; cachedPages() < pages && tries < 300; tries++) {
            Thread.sleep(100);
        }
        assertThat(cachedPages()).isGreaterThanOrEqualTo(pages);
    }

    private void dropFromCache() throws Exception {
        assertThat(new ProcessBuilder(
                                "dd", "if=" + snapshot.resolve("memory"), "iflag=nocache", "count=0", "status=none")
                        .start()
                        .waitFor())
                .isZero();
    }

    @Test
    void whatOneMachineReadTheDiskIsAskedForAtOnceByTheNext() throws Exception {
        WorkingSet seen;
        try (Mmap memory = restored(WorkingSet.NONE)) {
            touch(memory, 5000, 5001, 9000);
            memory.segment().set(ValueLayout.JAVA_BYTE, 7000L * PAGE, (byte) 1); // written: among the changes
            seen = WorkingSet.NONE.after(memory);
        }
        assertThat(seen.pages()).isBetween(3L, PAGES / 4L);
        dropFromCache();
        assertThat(cachedPages()).isZero();
        try (Mmap _ = restored(WorkingSet.NONE)) {
            assertThat(cachedPages()).as("nobody asks").isZero();
        }
        try (Mmap _ = restored(seen)) {
            awaitCachedPages(seen.pages());
        }
    }

    @Test
    void aPageThatIsNotSeenAnyMoreIsForgotten() {
        byte[] kept = new byte[PAGES];
        kept[100] = Limits.WORKING_SET_WAKES;
        kept[101] = 1;
        WorkingSet set = WorkingSet.of(kept);
        assertThat(set.pages()).isEqualTo(2);
        try (Mmap memory = restored(WorkingSet.NONE)) {
            set = set.after(memory);
            assertThat(set.pages()).as("one of them has gone").isEqualTo(1);
            for (int wake = 1; wake < Limits.WORKING_SET_WAKES - 1; wake++) {
                set = set.after(memory);
                assertThat(set.pages()).isEqualTo(1);
            }
            assertThat(set.after(memory).pages()).isZero();
        }
    }

    @Test
    void whatIsWrittenIsRead() {
        Random random = new Random(3);
        byte[] kept = new byte[PAGES];
        for (int i = 0; i < 3000; i++) {
            kept[random.nextInt(PAGES)] = (byte) random.nextInt(Limits.WORKING_SET_WAKES + 1);
        }
        WorkingSet set = WorkingSet.of(kept);
        byte[] bytes = set.encode();
        WorkingSet back = WorkingSet.decode(bytes, PAGES);
        assertThat(back.pages()).isEqualTo(set.pages()).isGreaterThan(1000);
        assertThat(back.encode()).isEqualTo(bytes);
    }

    @Test
    void anythingElseIsNoHint() {
        byte[] kept = new byte[PAGES];
        Arrays.fill(kept, 10, 20, (byte) 2);
        kept[PAGES - 1] = 1;
        byte[] bytes = WorkingSet.of(kept).encode();
        assertThat(WorkingSet.decode(bytes, PAGES).pages()).isEqualTo(11);
        assertThat(WorkingSet.decode(bytes, PAGES - 1)).isSameAs(WorkingSet.NONE);
        for (int length = 0; length < bytes.length; length++) {
            assertThat(WorkingSet.decode(Arrays.copyOf(bytes, length), PAGES).pages())
                    .isZero();
        }
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(WorkingSet.decode(flipped, PAGES)).isSameAs(WorkingSet.NONE);
        }
        byte[] scattered = new byte[2 * Limits.MAX_WORKING_SET_RUNS + 2];
        for (int page = 0; page < scattered.length; page += 2) {
            scattered[page] = 1;
        }
        assertThat(WorkingSet.of(scattered)).isSameAs(WorkingSet.NONE);
    }

    /** With a checksum that fits. */
    @Test
    void aHintOutsideTheMemoryOrOutOfOrderIsNone() {
        assertThat(signed(5, 1 << 2).pages()).isEqualTo(1);
        assertThat(signed(PAGES, 1 << 2)).isSameAs(WorkingSet.NONE);
        assertThat(signed(PAGES - 1, 2 << 2)).isSameAs(WorkingSet.NONE);
        assertThat(signed(5, 3)).isSameAs(WorkingSet.NONE);
        assertThat(signed(-1, 1 << 2)).isSameAs(WorkingSet.NONE);
        assertThat(signed(5, -1)).isSameAs(WorkingSet.NONE);
        assertThat(signed(5, 2 << 2, 6, 1 << 2)).isSameAs(WorkingSet.NONE);
        assertThat(signed(5, 1 << 2, 4, 1 << 2)).isSameAs(WorkingSet.NONE);
    }

    private static WorkingSet signed(int... words) {
        var out = java.nio.ByteBuffer.allocate(words.length * 4 + 4).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (int word : words) {
            out.putInt(word);
        }
        out.putInt((int) Digests.crc32c(Arrays.copyOf(out.array(), words.length * 4)));
        return WorkingSet.decode(out.array(), PAGES);
    }

    @Test
    void itStandsBesideTheSnapshotAndItsDamageRefusesNothing() throws IOException {
        byte[] kept = new byte[PAGES];
        kept[7] = 3;
        WorkingSet.of(kept).write(snapshot);
        assertThat(WorkingSet.read(snapshot, MEMORY_BYTES).pages()).isEqualTo(1);
        SnapshotReader.verify(snapshot);
        Files.write(snapshot.resolve(WorkingSet.FILE), new byte[] {1, 2, 3});
        assertThat(WorkingSet.read(snapshot, MEMORY_BYTES)).isSameAs(WorkingSet.NONE);
        SnapshotReader.verify(snapshot);
        Files.delete(snapshot.resolve(WorkingSet.FILE));
        Files.createDirectory(snapshot.resolve(WorkingSet.FILE));
        assertThat(WorkingSet.read(snapshot, MEMORY_BYTES)).isSameAs(WorkingSet.NONE);
        Files.delete(snapshot.resolve(WorkingSet.FILE));
        WorkingSet.of(kept).write(snapshot);
        SnapshotWriter.delete(snapshot);
        assertThat(snapshot).doesNotExist();
    }
}
