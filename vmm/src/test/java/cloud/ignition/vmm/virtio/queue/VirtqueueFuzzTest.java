package cloud.ignition.vmm.virtio.queue;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.memory.GuestMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Coverage-guided target: any bytes as a guest's memory with a virtqueue in it. {@code make fuzz} looks for new inputs,
 * every run of the tests repeats those that are kept.
 */
public class VirtqueueFuzzTest {
    private static final Path CORPUS = Path.of("src/test/resources/corpus/virtqueue");
    private static final int SIZE = 8;
    private static final int RAM = 1 << 14;
    private static final int EVENT_IDX = 1;
    private static final int INDIRECT = 2;
    private static final GuestMemory MEMORY = TestRam.of(RAM);
    private static final byte[] ZEROES = new byte[RAM];

    /** @param input a byte of features, then memory from gpa 0 on: the queue as {@link DriverQueue} lays it out */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length == 0) {
            return;
        }
        MEMORY.write(0, ZEROES);
        MEMORY.write(0, Arrays.copyOfRange(input, 1, Math.min(input.length, RAM)));
        DriverQueue place = new DriverQueue(MEMORY, 0, SIZE);
        SplitQueue queue = new SplitQueue(MEMORY, SIZE);
        queue.setSize(SIZE);
        queue.setAddresses(place.descriptorAddress(), place.availAddress(), place.usedAddress());
        queue.enable((input[0] & EVENT_IDX) != 0, (input[0] & INDIRECT) != 0);
        try {
            // the used ring and the buffers may lie over the available ring: the guest may make it endless
            for (int i = 0; i < 4 * SIZE; i++) {
                DescriptorChain chain = queue.next();
                if (chain == null) {
                    break;
                }
                check(chain);
                queue.complete(chain.head(), chain.writableBytes());
                queue.publish();
                queue.takeInterruptDue();
            }
        } catch (GuestLieException foundOut) {
            // as it should be
        }
    }

    private static void check(DescriptorChain chain) {
        byte[] readable = new byte[(int) Math.min(chain.readableBytes(), RAM)];
        chain.read(0, java.lang.foreign.MemorySegment.ofArray(readable));
        long writable = 0;
        for (int i = 0; i < chain.writablePieces(); i++) {
            if (!MEMORY.contains(chain.writableAddress(i), chain.writableLength(i))) {
                throw new AssertionError("piece " + i + " is outside RAM");
            }
            writable += chain.writableLength(i);
        }
        if (writable != chain.writableBytes() || chain.readableBytes() + writable == 0 || chain.head() >= SIZE) {
            throw new AssertionError("chain " + chain.head() + " of " + chain.readableBytes() + "+" + writable);
        }
    }

    static List<Path> kept() throws IOException {
        try (var files = Files.list(CORPUS)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("kept")
    void keptInputsStayHarmless(Path file) throws IOException {
        fuzzerTestOneInput(Files.readAllBytes(file));
    }
}
