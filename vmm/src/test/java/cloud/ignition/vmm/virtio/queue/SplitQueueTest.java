package cloud.ignition.vmm.virtio.queue;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Used;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** A driver that behaves; the others are in {@link HostileQueueTest}. */
class SplitQueueTest {
    private static final int SIZE = 8;
    private static final long DATA = 0x8000;
    private static final long TABLE = 0xc000;

    private final GuestMemory memory = TestRam.of(1 << 16);
    private final DriverQueue driver = new DriverQueue(memory, 0, SIZE);
    private SplitQueue queue = enabled(false);

    @Test
    void chainIsReadablePiecesThenWritableOnes() {
        memory.write(DATA, new byte[] {1, 2, 3, 4, 5, 6, 7});
        int head = driver.add(
                readable(DATA, 3), readable(DATA + 3, 4), writable(DATA + 0x100, 2), writable(DATA + 0x200, 5));
        DescriptorChain chain = next();
        assertThat(chain.head()).isEqualTo(head);
        assertThat(chain.readableBytes()).isEqualTo(7);
        assertThat(chain.writableBytes()).isEqualTo(7);
        assertThat(chain.writablePieces()).isEqualTo(2);
        assertThat(chain.writableAddress(1)).isEqualTo(DATA + 0x200);

        byte[] middle = new byte[4];
        chain.read(2, MemorySegment.ofArray(middle));
        assertThat(middle).containsExactly(3, 4, 5, 6);
        chain.write(1, MemorySegment.ofArray(new byte[] {10, 11, 12}));
        assertThat(memory.read(DATA + 0x100, 2)).containsExactly(0, 10);
        assertThat(memory.read(DATA + 0x200, 5)).containsExactly(11, 12, 0, 0, 0);
        assertThatThrownBy(() -> chain.read(5, MemorySegment.ofArray(new byte[3])))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void iovecsPointIntoGuestMemory() {
        driver.add(readable(DATA, 16), readable(DATA + 0x100, 100), writable(DATA + 0x200, 50), writable(0, 1));
        DescriptorChain chain = next();
        IoVector vector = new IoVector(4);
        chain.addReadable(vector, 16, 60);
        chain.addWritable(vector, 10, 41);
        assertThat(vector.count()).isEqualTo(3);
        assertThat(vector.totalBytes()).isEqualTo(101);
        assertThat(vector.address(0)).isEqualTo(memory.hostAddress(DATA + 0x100, 60));
        assertThat(vector.length(0)).isEqualTo(60);
        assertThat(vector.address(1)).isEqualTo(memory.hostAddress(DATA + 0x20a, 40));
        assertThat(vector.length(1)).isEqualTo(40);
        assertThat(vector.length(2)).isEqualTo(1);
    }

    @Test
    void indirectDescriptorsMayFollowDirectOnes() {
        driver.addIndirect(TABLE, readable(DATA, 1), writable(DATA + 1, 2));
        DescriptorChain chain = next();
        assertThat(chain.readableBytes()).isEqualTo(1);
        assertThat(chain.writableBytes()).isEqualTo(2);

        driver.descriptor(4, DATA, 5, DriverQueue.F_NEXT, 5);
        driver.descriptor(5, TABLE, 32, DriverQueue.F_INDIRECT | DriverQueue.F_WRITE, 0);
        driver.available(4);
        assertThat(next().readableBytes()).isEqualTo(6);
    }

    @Test
    void completedRequestsShowWhenPublishedAndAllAtOnce() {
        int first = driver.add(writable(DATA, 10));
        int second = driver.add(writable(DATA, 10));
        next();
        queue.complete(first, 3);
        assertThat(driver.takeUsed()).isNull();
        next();
        queue.complete(second, 10);
        queue.publish();
        assertThat(driver.takeAllUsed()).containsExactly(new Used(first, 3), new Used(second, 10));
    }

    @Test
    void indicesWrapAt65536() {
        for (int i = 0; i < 70_000; i++) {
            int head = driver.add(readable(DATA, 1 + i % 100));
            DescriptorChain chain = next();
            assertThat(chain.readableBytes()).isEqualTo(1 + i % 100);
            queue.complete(head, i);
            queue.publish();
            assertThat(driver.takeUsed()).isEqualTo(new Used(head, i));
        }
        assertThat(queue.next()).isNull();
    }

    @Test
    void chainsGivenBackComeAgain() {
        int first = driver.add(readable(DATA, 1));
        int second = driver.add(readable(DATA, 2));
        next();
        next();
        queue.giveBack(2);
        assertThat(next().head()).isEqualTo(first);
        assertThat(next().head()).isEqualTo(second);
        assertThat(queue.next()).isNull();
    }

    @Test
    void interruptFlagIsRespectedWithoutEventIdx() {
        assertThat(queue.takeInterruptDue()).isFalse();
        serveOne();
        assertThat(queue.takeInterruptDue()).isTrue();
        assertThat(queue.takeInterruptDue()).isFalse();
        driver.setNoInterrupt(true);
        serveOne();
        assertThat(queue.takeInterruptDue()).isFalse();
    }

    @Test
    void usedEventSaysWhenToInterrupt() {
        queue = enabled(true);
        driver.setUsedEvent(0);
        serveOne();
        assertThat(queue.takeInterruptDue()).isTrue();
        driver.setUsedEvent(3); // when entry 3 is used
        serveOne();
        assertThat(queue.takeInterruptDue()).isFalse();
        serveOne();
        serveOne(); // entries 2 and 3 in one go
        assertThat(queue.takeInterruptDue()).isTrue();
        serveOne();
        assertThat(queue.takeInterruptDue()).isFalse();
    }

    @Test
    void availEventAsksForAKickOnlyWhenDry() {
        queue = enabled(true);
        driver.add(readable(DATA, 1));
        driver.add(readable(DATA, 1));
        next();
        assertThat(driver.availEvent()).isZero();
        next();
        assertThat(queue.next()).isNull();
        assertThat(driver.availEvent()).isEqualTo(2);
        driver.add(readable(DATA, 1));
        assertThat(next().readableBytes()).isEqualTo(1);
    }

    @Test
    void aQueueThatIsNotReadyIsEmpty() {
        driver.add(readable(DATA, 1));
        queue.disable();
        assertThat(queue.next()).isNull();
        assertThat(queue.takeInterruptDue()).isFalse();
        queue.publish();
    }

    @Test
    void goesOnWhereItWasSaved() {
        serveOne();
        serveOne();
        int third = driver.add(readable(DATA, 3));
        StateWriter out = new StateWriter();
        queue.save().write(out);
        StateReader in = new StateReader(out.toByteArray());
        QueueState state = QueueState.read(in);
        in.end();
        assertThat(state).isEqualTo(queue.save());

        queue = new SplitQueue(memory, SIZE);
        queue.restore(state, false, true);
        DescriptorChain chain = next();
        assertThat(chain.head()).isEqualTo(third);
        queue.complete(third, 0);
        queue.publish();
        assertThat(driver.takeUsed()).isEqualTo(new Used(third, 0));
        assertThat(queue.takeInterruptDue()).isTrue();
    }

    @Test
    void interruptsGoOnAfterARestoreAsTheDriverWantsThem() {
        queue = enabled(true);
        serveOne();
        queue.takeInterruptDue();
        QueueState state = queue.save();
        queue = new SplitQueue(memory, SIZE);
        queue.restore(state, true, true);
        assertThat(queue.takeInterruptDue()).isFalse();
        driver.setUsedEvent(2);
        serveOne();
        assertThat(queue.takeInterruptDue()).isFalse();
        serveOne();
        assertThat(queue.takeInterruptDue()).isTrue();
    }

    @Test
    void aSavedSizeStaysEvenWhenLessIsOfferedNow() {
        SplitQueue smaller = new SplitQueue(memory, SIZE / 2);
        smaller.restore(queue.save(), false, false);
        assertThat(smaller.size()).isEqualTo(SIZE);
    }

    @Test
    void statesThatDoNotFitAreRefused() {
        QueueState good = queue.save();
        QueueState large = new QueueState(2 * Limits.QUEUE_SIZE, false, 0, 0, 0, 0, 0);
        assertThatThrownBy(() -> new SplitQueue(memory, SIZE).restore(large, false, false))
                .isInstanceOf(CorruptStateException.class);
        QueueState outside = new QueueState(SIZE, true, 1L << 40, good.availAddress(), good.usedAddress(), 0, 0);
        assertThatThrownBy(() -> new SplitQueue(memory, SIZE).restore(outside, false, false))
                .isInstanceOf(CorruptStateException.class);
        assertThatThrownBy(() -> new QueueState(3, false, 0, 0, 0, 0, 0)).isInstanceOf(CorruptStateException.class);
        assertThatThrownBy(() -> new QueueState(1 << 16, false, 0, 0, 0, 0, 0))
                .isInstanceOf(CorruptStateException.class);
        assertThatThrownBy(() -> new QueueState(0, true, 0, 0, 0, 0, 0)).isInstanceOf(CorruptStateException.class);
        assertThatThrownBy(() -> new QueueState(8, false, 0, 0, 0, 0x10000, 0))
                .isInstanceOf(CorruptStateException.class);
        assertThatThrownBy(() -> new QueueState(8, false, 0, 0, 0, 0, -1)).isInstanceOf(CorruptStateException.class);
    }

    @Test
    void aQueueInOtherHandsIsLeftAloneUntilItComesBack() {
        serveOne();
        assertThat(queue.takeInterruptDue()).isTrue();
        SplitQueue.Rings rings = queue.rings();
        assertThat(rings.size()).isEqualTo(SIZE);
        assertThat(rings.nextAvail()).isOne();
        assertThat(rings.descriptors()).isEqualTo(memory.hostAddress(driver.descriptorAddress(), 1));
        assertThat(rings.avail()).isEqualTo(memory.hostAddress(driver.availAddress(), 1));
        assertThat(rings.used()).isEqualTo(memory.hostAddress(driver.usedAddress(), 1));
        queue.handOver();
        int first = driver.add(readable(DATA, 1));
        assertThat(queue.next()).isNull();
        assertThat(queue.takeInterruptDue()).isFalse();
        assertThatThrownBy(queue::save).isInstanceOf(IllegalStateException.class);

        memory.setInt(driver.usedAddress() + 4 + 8, first); // the other one serves it
        memory.setShort(driver.usedAddress() + 2, (short) 2);
        int second = driver.add(readable(DATA, 1));
        queue.takeBack(2);
        assertThat(queue.takeInterruptDue()).as("it interrupted itself").isFalse();
        assertThat(next().head()).isEqualTo(second);
        queue.complete(second, 0);
        queue.publish();
        assertThat(queue.takeInterruptDue()).isTrue();
        assertThat(driver.takeAllUsed()).containsExactly(new Used(first, 0), new Used(second, 0));
        assertThatThrownBy(() -> queue.takeBack(0)).isInstanceOf(IllegalStateException.class);
        queue.disable();
        assertThatThrownBy(queue::rings).isInstanceOf(IllegalStateException.class);
    }

    private void serveOne() {
        int head = driver.add(readable(DATA, 1));
        assertThat(next().head()).isEqualTo(head);
        queue.complete(head, 0);
        queue.publish();
        assertThat(driver.takeUsed()).isNotNull();
    }

    private DescriptorChain next() {
        return Objects.requireNonNull(queue.next(), "no request");
    }

    private SplitQueue enabled(boolean eventIdx) {
        SplitQueue made = new SplitQueue(memory, SIZE);
        made.setSize(SIZE);
        made.setAddresses(driver.descriptorAddress(), driver.availAddress(), driver.usedAddress());
        made.enable(eventIdx, true);
        return made;
    }
}
