package cloud.ignition.e2e.traffic;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The file behind the guest's disk, on which its two writers go round and round (e2e/guest/disk.c). */
final class DiskContent {
    private static final int WRITERS = 2;
    private static final int BLOCK = 16 << 10;
    private static final int BLOCKS = 64;
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private DiskContent() {}

    /** Makes the file, empty. */
    static void create(Path file) {
        try {
            Files.write(file, new byte[WRITERS * BLOCKS * BLOCK]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Checks every block of the file of a paused machine.
     *
     * @param least for each writer, the number of a block that the guest saw written
     * @throws AssertionError when a block is not what the guest wrote there last
     */
    static void check(Path file, long... least) {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (int writer = 0; writer < WRITERS; writer++) {
            long last = 0;
            for (int place = 0; place < BLOCKS; place++) {
                last = Math.max(last, number(bytes, writer, place));
            }
            // The guest counts a block after it has read another one back.
            if (last < least[writer] || last > least[writer] + 1 + BLOCKS) {
                throw new AssertionError("disk writer " + writer + ": the guest wrote block " + least[writer]
                        + ", the last one on the disk is " + last);
            }
            for (int place = 0; place < BLOCKS; place++) {
                checkBlock(bytes, writer, place, last);
            }
        }
    }

    private static void checkBlock(byte[] bytes, int writer, int place, long last) {
        long number = last - Math.floorMod(last - place, BLOCKS);
        byte[] wanted = new byte[BLOCK];
        if (number > 0) {
            Pattern.fill(wanted, BLOCK, Pattern.salt(Pattern.DISK, writer) + number * BLOCK, 0);
            WORDS.set(wanted, 0, number);
        }
        int at = offset(writer, place);
        if (!Arrays.equals(wanted, 0, BLOCK, bytes, at, at + BLOCK)) {
            throw new AssertionError("disk writer " + writer + ": place " + place + " does not hold block " + number
                    + " but " + number(bytes, writer, place));
        }
    }

    private static long number(byte[] bytes, int writer, int place) {
        return (long) WORDS.get(bytes, offset(writer, place));
    }

    private static int offset(int writer, int place) {
        return (writer * BLOCKS + place) * BLOCK;
    }
}
