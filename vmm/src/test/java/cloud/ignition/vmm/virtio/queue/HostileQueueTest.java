package cloud.ignition.vmm.virtio.queue;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.F_INDIRECT;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.F_NEXT;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.F_WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.Limits;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Drivers that lie: each lie is named, and nothing worse than a {@link GuestLieException} comes of it. */
class HostileQueueTest {
    private static final int SIZE = 8;
    private static final int RAM = 1 << 16;
    private static final long DATA = 0x8000;
    private static final long TABLE = 0xc000;

    private final GuestMemory memory = TestRam.of(RAM);
    private final DriverQueue driver = new DriverQueue(memory, 0, SIZE);
    private final SplitQueue queue = queue(true);

    @Test
    void headOutsideTheTable() {
        driver.available(SIZE);
        lies("available ring names descriptor 8 of 8");
    }

    @Test
    void availableIndexThatJumps() {
        driver.setAvailIndex(SIZE + 1);
        lies("available index jumps by 9 in a queue of 8");
    }

    @Test
    void availableIndexThatGoesBack() {
        driver.descriptor(0, DATA, 1, 0, 0);
        driver.available(0);
        assertThat(queue.next()).isNotNull();
        driver.setAvailIndex(0);
        lies("available index jumps by 65535");
    }

    @Test
    void chainThatBitesItsTail() {
        driver.descriptor(0, DATA, 1, F_NEXT, 1);
        driver.descriptor(1, DATA, 1, F_NEXT, 0);
        driver.available(0);
        lies("loops");
    }

    @Test
    void descriptorThatIsItsOwnSuccessor() {
        driver.descriptor(3, DATA, 1, F_NEXT | F_WRITE, 3);
        driver.available(3);
        lies("loops");
    }

    @Test
    void successorOutsideTheTable() {
        driver.descriptor(0, DATA, 1, F_NEXT, SIZE);
        driver.available(0);
        lies("descriptor 0 goes on at 8 of 8");
    }

    @Test
    void buffersThatAreNotInRam() {
        long[][] outside = {
            {RAM, 1}, {RAM - 1, 2}, {1L << 40, 4096}, {-1, 1}, {-4096, 8192}, {Long.MAX_VALUE, Integer.MAX_VALUE}
        };
        for (long[] buffer : outside) {
            SplitQueue fresh = queue(true);
            driver.setAvailIndex(0);
            driver.descriptor(0, buffer[0], (int) buffer[1], F_WRITE, 0);
            driver.available(0);
            assertThatThrownBy(fresh::next)
                    .isInstanceOf(GuestLieException.class)
                    .hasMessageContaining("not in RAM");
        }
    }

    @Test
    void emptyAndHugeBuffers() {
        for (int length : new int[] {0, -1, Integer.MIN_VALUE}) {
            SplitQueue fresh = queue(true);
            driver.setAvailIndex(0);
            driver.descriptor(0, DATA, length, 0, 0);
            driver.available(0);
            assertThatThrownBy(fresh::next)
                    .isInstanceOf(GuestLieException.class)
                    .hasMessage("descriptor of " + Integer.toUnsignedString(length) + " bytes");
        }
    }

    @Test
    void readableBehindWritable() {
        driver.descriptor(0, DATA, 1, F_NEXT | F_WRITE, 1);
        driver.descriptor(1, DATA, 1, 0, 0);
        driver.available(0);
        lies("readable descriptor behind a writable one");
    }

    @Test
    void indirectThatWasNotNegotiated() {
        SplitQueue plain = queue(false);
        driver.addIndirect(TABLE, DriverQueue.Buffer.readable(DATA, 1));
        assertThatThrownBy(plain::next)
                .isInstanceOf(GuestLieException.class)
                .hasMessage("indirect descriptor that is not negotiated");
    }

    @Test
    void indirectInsideIndirect() {
        driver.descriptorAt(TABLE, TABLE, 16, F_INDIRECT, 0);
        driver.descriptor(0, TABLE, 16, F_INDIRECT, 0);
        driver.available(0);
        lies("indirect descriptor that is nested");
    }

    @Test
    void indirectWithASuccessor() {
        driver.descriptor(0, TABLE, 16, F_INDIRECT | F_NEXT, 1);
        driver.available(0);
        lies("indirect descriptor that is followed by another");
    }

    @Test
    void indirectTablesOfWrongLength() {
        for (int length : new int[] {0, 1, 15, 17, -16, 16 * (Limits.CHAIN_DESCRIPTORS + 1)}) {
            SplitQueue fresh = queue(true);
            driver.setAvailIndex(0);
            driver.descriptor(0, TABLE, length, F_INDIRECT, 0);
            driver.available(0);
            assertThatThrownBy(fresh::next)
                    .isInstanceOf(GuestLieException.class)
                    .hasMessage("indirect table of " + Integer.toUnsignedString(length) + " bytes");
        }
    }

    @Test
    void indirectTableOutsideRam() {
        driver.descriptor(0, RAM - 16, 32, F_INDIRECT, 0);
        driver.available(0);
        lies("not in RAM");
    }

    @Test
    void indirectChainThatLoopsOrLeavesItsTable() {
        driver.descriptorAt(TABLE, DATA, 1, F_NEXT, 1);
        driver.descriptorAt(TABLE + 16, DATA, 1, F_NEXT, 0);
        driver.descriptor(0, TABLE, 32, F_INDIRECT, 0);
        driver.available(0);
        lies("loops");
        SplitQueue fresh = queue(true);
        driver.descriptorAt(TABLE + 16, DATA, 1, F_NEXT, 2);
        assertThatThrownBy(fresh::next)
                .isInstanceOf(GuestLieException.class)
                .hasMessage("descriptor 1 goes on at 2 of 2");
    }

    @Test
    void directPlusIndirectDescriptorsOverTheLimit() {
        for (int i = 0; i < Limits.CHAIN_DESCRIPTORS; i++) {
            driver.descriptorAt(TABLE + 16L * i, DATA, 1, i + 1 < Limits.CHAIN_DESCRIPTORS ? F_NEXT : 0, i + 1);
        }
        driver.descriptor(1, TABLE, 16 * Limits.CHAIN_DESCRIPTORS, F_INDIRECT, 0);
        driver.available(1);
        DescriptorChain longest = queue.next();
        assertThat(longest).isNotNull();
        driver.descriptor(0, DATA, 1, F_NEXT, 1);
        driver.available(0);
        lies("longer than");
    }

    @Test
    void partsThatAreMisalignedOrOutsideRam() {
        long desc = driver.descriptorAddress();
        long avail = driver.availAddress();
        long used = driver.usedAddress();
        refused(desc + 8, avail, used, "descriptor table at 0x8 is not aligned");
        refused(desc, avail + 1, used, "available ring at 0x81 is not aligned");
        refused(desc, avail, used + 2, "is not aligned");
        refused(RAM - 112, avail, used, "descriptor table at 0xff90 is not in RAM");
        refused(desc, RAM - 20, used, "available ring at 0xffec is not in RAM"); // the event field sticks out
        refused(desc, avail, RAM - 68, "used ring at 0xffbc is not in RAM");
        refused(desc, avail, -4, "used ring");
    }

    @Test
    void sizesThatAreNotPowersOfTwoOrTooLarge() {
        SplitQueue fresh = new SplitQueue(memory, SIZE);
        for (int size : new int[] {0, -1, 3, 16, 1 << 31}) {
            assertThatThrownBy(() -> fresh.setSize(size)).isInstanceOf(GuestLieException.class);
        }
        assertThatThrownBy(() -> fresh.enable(false, false))
                .isInstanceOf(GuestLieException.class)
                .hasMessage("queue made ready without a size");
    }

    /** Rings full of noise: chains or lies come out, never another exception, and never memory outside RAM. */
    @Test
    void noise() {
        for (long seed = 0; seed < 3000; seed++) {
            noise(seed);
        }
    }

    private void noise(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < SIZE; i++) {
            noiseDescriptor(random, 16L * i);
            noiseDescriptor(random, TABLE + 16L * i);
            memory.setShort(driver.availAddress() + 4 + 2L * i, (short) random.nextInt(SIZE + 1));
        }
        driver.setAvailIndex(random.nextInt(SIZE + 2));
        SplitQueue victim = queue(random.nextBoolean());
        try {
            for (DescriptorChain chain = victim.next(); chain != null; chain = victim.next()) {
                assertThat(chain.count()).as("seed %d", seed).isBetween(1, 2 * SIZE);
                for (int i = 0; i < chain.writablePieces(); i++) {
                    assertThat(memory.contains(chain.writableAddress(i), chain.writableLength(i)))
                            .isTrue();
                }
                victim.complete(chain.head(), chain.writableBytes());
                victim.publish();
            }
        } catch (GuestLieException expected) {
            assertThat(expected).hasMessageNotContaining("null");
        }
    }

    private void noiseDescriptor(Random random, long at) {
        long address = switch (random.nextInt(10)) {
            case 0 -> random.nextLong();
            case 1 -> RAM - 8;
            case 2, 3 -> TABLE;
            default -> DATA + random.nextInt(0x1000);
        };
        int length = random.nextInt(10) == 0 ? random.nextInt() : 16 * random.nextInt(SIZE + 1);
        int flags = random.nextInt(4) == 0 ? random.nextInt(8) : random.nextInt(2) * F_NEXT;
        driver.descriptorAt(at, address, length, flags, random.nextInt(SIZE + 1));
    }

    private void refused(long desc, long avail, long used, String message) {
        SplitQueue fresh = new SplitQueue(memory, SIZE);
        fresh.setSize(SIZE);
        fresh.setAddresses(desc, avail, used);
        assertThatThrownBy(() -> fresh.enable(false, false))
                .isInstanceOf(GuestLieException.class)
                .hasMessageContaining(message);
        assertThat(fresh.isReady()).isFalse();
    }

    private void lies(String message) {
        assertThatThrownBy(queue::next).isInstanceOf(GuestLieException.class).hasMessageContaining(message);
    }

    private SplitQueue queue(boolean indirect) {
        SplitQueue made = new SplitQueue(memory, SIZE);
        made.setSize(SIZE);
        made.setAddresses(driver.descriptorAddress(), driver.availAddress(), driver.usedAddress());
        made.enable(false, indirect);
        return made;
    }
}
