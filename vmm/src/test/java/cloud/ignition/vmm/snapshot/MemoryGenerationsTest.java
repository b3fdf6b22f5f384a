package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.Snapshot;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.memory.FreePages;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A memory that is saved, restored and changed again and again is what a plain copy of it is that is changed alike. */
@Timeout(120)
class MemoryGenerationsTest {
    private static final int PAGE = 4096;
    private static final MachineShape SHAPE = new MachineShape(1, 64L << 20);
    private static final int PAGES = (int) (SHAPE.memoryBytes() / PAGE);
    private static final SnapshotSubject SUBJECT = new SnapshotSubject(Map.of("image", "sha256:1"));
    private static final byte[] STATE = Samples.machine(1).encode();

    @TempDir
    Path directory;

    private final byte[] model = new byte[(int) SHAPE.memoryBytes()];
    private int number;

    private static MemoryToSave unbased(Mmap memory) {
        return new MemoryToSave(memory, new FreePages(memory), memory.size(), null);
    }

    private Path write(MemoryToSave memory) {
        Path target = directory.resolve(Integer.toString(++number));
        SavedMachine machine = SavedMachine.of(SHAPE, Samples.host(), Samples.machine(1), SUBJECT);
        assertThat(SnapshotWriter.write(target, machine, memory, () -> false)).isPresent();
        SnapshotReader.verify(target);
        return target;
    }

    private Path booted(int pages, Random random) {
        try (Mmap memory = Mmap.anonymous(SHAPE.memoryBytes())) {
            for (int i = 0; i < pages; i++) {
                fill(memory, random.nextInt(PAGES), random);
            }
            return write(unbased(memory));
        }
    }

    private void fill(Mmap memory, int page, Random random) {
        byte[] bytes = new byte[PAGE];
        random.nextBytes(bytes);
        put(memory, page, bytes);
    }

    private void put(Mmap memory, int page, byte[] bytes) {
        MemorySegment.copy(bytes, 0, memory.segment(), ValueLayout.JAVA_BYTE, (long) page * PAGE, PAGE);
        System.arraycopy(bytes, 0, model, page * PAGE, PAGE);
    }

    private static Restored restore(Path snapshot) {
        SnapshotManifest manifest = SnapshotManifest.read(snapshot);
        Mmap memory = Mmap.reserved(SHAPE.memoryBytes());
        FreePages free = new FreePages(memory);
        SnapshotReader.loadMemory(snapshot, manifest, memory, free, WorkingSet.NONE);
        return new Restored(memory, free, new Base(snapshot, manifest));
    }

    private record Restored(Mmap memory, FreePages free, Base base) implements AutoCloseable {
        MemoryToSave toSave() {
            return new MemoryToSave(memory, free, memory.size(), base);
        }

        @Override
        public void close() {
            memory.close();
        }
    }

    private void requireModel(Mmap memory) {
        assertThat(memory.segment().mismatch(MemorySegment.ofArray(model))).isEqualTo(-1);
    }

    @Test
    void everyGenerationIsWhatWasWritten() throws IOException {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        Path snapshot = booted(500, random);
        Object inode = inode(snapshot);
        for (int generation = 0; generation < 12; generation++) {
            try (Restored machine = restore(snapshot)) {
                requireModel(machine.memory());
                for (int i = 0; i < 100; i++) {
                    change(machine, random);
                }
                machine.memory().segment().get(ValueLayout.JAVA_BYTE, (long) random.nextInt(PAGES) * PAGE);
                requireModel(machine.memory());
                Path next = write(machine.toSave());
                assertThat(inode(next)).as("the base is the same file").isEqualTo(inode);
                SnapshotWriter.delete(snapshot);
                snapshot = next;
                // A machine that goes on behind a save and is saved again.
                fill(machine.memory(), 7, random);
                Restored on =
                        new Restored(machine.memory(), machine.free(), new Base(next, SnapshotManifest.read(next)));
                snapshot = write(on.toSave());
                SnapshotWriter.delete(next);
            }
        }
        Path compacted = directory.resolve("compacted");
        assertThat(Snapshot.compact(snapshot, compacted, () -> false)).isTrue();
        SnapshotReader.verify(compacted);
        assertThat(SnapshotManifest.read(compacted).changes()).isEqualTo(ChangeFacts.NOTHING);
        assertThat(Files.readAllBytes(compacted.resolve("state"))).isEqualTo(STATE);
        SnapshotWriter.delete(snapshot);
        try (Restored machine = restore(compacted)) {
            requireModel(machine.memory());
        }
    }

    /** One change, as guests make them: a page, a stretch, zeroes, memory given back. */
    private void change(Restored machine, Random random) {
        int page = random.nextInt(PAGES - 64);
        int length = 1 + random.nextInt(random.nextInt(4) == 0 ? 60 : 3);
        switch (random.nextInt(4)) {
            case 0 -> {
                if (machine.free().giveBack((long) page * PAGE, (long) length * PAGE)) {
                    java.util.Arrays.fill(model, page * PAGE, (page + length) * PAGE, (byte) 0);
                }
            }
            case 1 -> {
                for (int i = 0; i < length; i++) {
                    put(machine.memory(), page + i, new byte[PAGE]);
                }
            }
            default -> {
                for (int i = 0; i < length; i++) {
                    fill(machine.memory(), page + i, random);
                }
            }
        }
    }

    @Test
    void whatWasNotChangedIsNotWritten() throws IOException {
        Random random = new Random(1);
        Path snapshot = booted(2000, random);
        try (Restored machine = restore(snapshot)) {
            for (int page = 0; page < PAGES; page += 64) {
                machine.memory().segment().get(ValueLayout.JAVA_BYTE, (long) page * PAGE); // reading is no change
            }
            for (int page = 100; page < 120; page++) {
                fill(machine.memory(), page, random);
            }
            put(machine.memory(), 300, new byte[PAGE]);
            Path next = write(machine.toSave());
            SnapshotManifest manifest = SnapshotManifest.read(next);
            assertThat(manifest.changes().dataBytes()).isEqualTo(20 * PAGE);
            assertThat(manifest.memoryCrc32c())
                    .isEqualTo(SnapshotManifest.read(snapshot).memoryCrc32c());
            assertThat(Files.size(next.resolve("changes"))).isEqualTo(21 * PAGE);
        }
    }

    @Test
    void withoutAChangeThereIsNoFile() throws IOException {
        Path snapshot = booted(10, new Random(2));
        try (Restored machine = restore(snapshot)) {
            Path next = write(machine.toSave());
            assertThat(next.resolve("changes")).doesNotExist();
            assertThat(inode(next)).isEqualTo(inode(snapshot));
        }
    }

    @Test
    void aBaseThatIsGoneOrAnotherFileIsNotUsed() throws IOException {
        Random random = new Random(3);
        Path snapshot = booted(50, random);
        try (Restored machine = restore(snapshot)) {
            fill(machine.memory(), 9, random);
            Path memory = snapshot.resolve("memory");
            Files.move(memory, directory.resolve("kept"));
            Path without = write(machine.toSave());
            Files.copy(directory.resolve("kept"), memory);
            Path other = write(machine.toSave());
            for (Path whole : List.of(without, other)) {
                assertThat(SnapshotManifest.read(whole).changes()).isEqualTo(ChangeFacts.NOTHING);
                try (Restored again = restore(whole)) {
                    requireModel(again.memory());
                }
            }
        }
    }

    @Test
    void tooManyRunsAreSavedAsAWhole() {
        // 64 MiB have not enough pages for the limit, so the limit is met in the builder.
        ChangeIndex.Builder builder = new ChangeIndex.Builder();
        int page = 0;
        while (builder.add(page, false)) {
            page += 2;
        }
        assertThat(page / 2).isEqualTo(cloud.ignition.vmm.Limits.MAX_CHANGE_RUNS);
    }

    @Test
    void givenUpAtAnyMomentItLeavesNothing() throws IOException {
        Random random = new Random(4);
        Path snapshot = booted(3000, random);
        try (Restored machine = restore(snapshot)) {
            for (int page = 0; page < 3000; page += 2) {
                fill(machine.memory(), page, random);
            }
            for (@Nullable Base base : new Base[] {machine.base(), null}) {
                int moments = momentsOfASave(machine, base, -1);
                assertThat(moments).isGreaterThan(6);
                SnapshotReader.verify(directory.resolve("next"));
                SnapshotWriter.delete(directory.resolve("next"));
                // The first and the last ones, and some of those between the thousands of pieces of all memory.
                for (int moment = 0;
                        moment < moments;
                        moment = Math.max(moment + 1, Math.min(moment + 1 + moments / 20, moments - 8))) {
                    assertThat(momentsOfASave(machine, base, moment)).isEqualTo(moment + 1);
                    try (Stream<Path> left = Files.list(directory)) {
                        assertThat(left).containsExactly(snapshot);
                    }
                }
            }
            requireModel(machine.memory());
        }
    }

    /** Saves and gives up when asked for the time after {@code moment} others; how often it was asked. */
    private int momentsOfASave(Restored machine, @Nullable Base base, int moment) {
        AtomicInteger asked = new AtomicInteger();
        boolean saved = SnapshotWriter.write(
                        directory.resolve("next"),
                        SavedMachine.of(SHAPE, Samples.host(), Samples.machine(1), SUBJECT),
                        new MemoryToSave(
                                machine.memory(),
                                machine.free(),
                                machine.memory().size(),
                                base),
                        () -> asked.getAndIncrement() == moment)
                .isPresent();
        assertThat(saved).isEqualTo(moment < 0);
        return asked.get();
    }

    private static Object inode(Path snapshot) throws IOException {
        return Files.getAttribute(snapshot.resolve("memory"), "unix:ino");
    }
}
