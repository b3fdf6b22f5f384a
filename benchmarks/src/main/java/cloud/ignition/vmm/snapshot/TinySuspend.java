package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Pages;
import cloud.ignition.vmm.GuestRam;
import cloud.ignition.vmm.Snapshot;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Random;

/**
 * The tests' {@link TinyMachine} with memory that has data, to be saved: as booted, which is a save of all memory, and
 * restored with some pages changed.
 */
public final class TinySuspend implements AutoCloseable {
    /** Data starts behind what the machine itself uses. */
    private static final long FIRST_PAGE = 1024;

    private static final int MOST_PAGES_OF_A_CHANGE = 8;

    private final Path scratch;
    private final TinyMachine booted;
    private final TinyMachine restored;
    private final long changedPages;

    /**
     * Boots one, saves it and restores another.
     *
     * @param scratch for their files
     * @param dataPages pages with random bytes
     * @param changed how many of them the restored machine changes, in runs of 1 to 8
     */
    public TinySuspend(Path scratch, int dataPages, int changed) throws IOException {
        this.scratch = scratch;
        Random random = new Random(1);
        booted = TinyMachine.booted(scratch);
        byte[] page = new byte[(int) Pages.SIZE];
        for (int i = 0; i < dataPages; i++) {
            random.nextBytes(page);
            page[0] |= 1;
            MemorySegment.copy(page, 0, page(booted, i), ValueLayout.JAVA_BYTE, 0, page.length);
        }
        Path base = scratch.resolve("base");
        saveAll(base);
        restored = TinyMachine.restored(base, scratch);
        for (int left = changed; left > 0; ) {
            int run = Math.min(left, 1 + random.nextInt(MOST_PAGES_OF_A_CHANGE));
            int first = random.nextInt(dataPages - run);
            for (int i = 0; i < run; i++) {
                page(restored, first + i).set(ValueLayout.JAVA_LONG, 8, random.nextLong());
            }
            left -= run;
        }
        Path probe = scratch.resolve("probe");
        saveChanges(probe);
        changedPages = SnapshotManifest.read(probe).changes().dataBytes() / Pages.SIZE;
        SnapshotWriter.delete(probe);
    }

    private static MemorySegment page(TinyMachine machine, int number) {
        return GuestRam.of(machine.vm).asSlice((FIRST_PAGE + number) * Pages.SIZE, Pages.SIZE);
    }

    /** Saves all memory. */
    public void saveAll(Path snapshot) {
        Snapshot _ = booted.vm.save(snapshot, TinyMachine.SUBJECT);
    }

    /** Saves what changed. */
    public void saveChanges(Path snapshot) {
        Snapshot _ = restored.vm.save(snapshot, TinyMachine.SUBJECT);
    }

    /** Restores a snapshot; nanoseconds until the machine could be resumed. */
    public long restore(Path snapshot) throws IOException {
        long start = System.nanoTime();
        TinyMachine machine = TinyMachine.restored(snapshot, scratch);
        long took = System.nanoTime() - start;
        machine.close();
        return took;
    }

    /** Pages that differ from the base, some changed twice. */
    public long changedPages() {
        return changedPages;
    }

    @Override
    public void close() {
        booted.close();
        restored.close();
    }
}
