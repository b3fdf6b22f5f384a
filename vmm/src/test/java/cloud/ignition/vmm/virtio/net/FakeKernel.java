package cloud.ignition.vmm.virtio.net;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.QueueState;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Does with a device's queues what vhost-net does, when it is told to; on the same memory, by the addresses it is given. */
final class FakeKernel implements KernelQueues {
    final List<byte[]> sent = new ArrayList<>();
    long knows = -1;
    boolean refuses;
    boolean closed;
    long passedOn;
    int starts;
    int stops;
    Optional<FrameCounts> counted = Optional.of(new FrameCounts(0, 0, 0, 0));
    private final GuestMemory memory;
    private SplitQueue receive;
    private SplitQueue transmit;

    FakeKernel(GuestMemory memory) {
        this.memory = memory;
        receive = new SplitQueue(memory, 1);
        transmit = receive;
    }

    boolean serves() {
        return starts > stops;
    }

    @Override
    public long features() {
        return knows;
    }

    @Override
    public void start(long features, SplitQueue.Rings receiving, SplitQueue.Rings transmitting) {
        if (serves()) {
            throw new AssertionError("serves already");
        }
        if (refuses) {
            throw new LinuxException("VHOST_NET_SET_BACKEND", Errno.EBUSY);
        }
        starts++;
        passedOn = features;
        receive = queue(receiving);
        transmit = queue(transmitting);
    }

    /** As vhost does, it takes the used index from where the driver sees it. */
    private SplitQueue queue(SplitQueue.Rings rings) {
        GuestMemory.Region region = memory.regions().getFirst();
        long base = region.host().address() - region.gpa();
        int used = Short.toUnsignedInt(memory.getShort(rings.used() - base + 2));
        SplitQueue queue = new SplitQueue(memory, rings.size());
        queue.restore(
                new QueueState(
                        rings.size(),
                        true,
                        rings.descriptors() - base,
                        rings.avail() - base,
                        rings.used() - base,
                        rings.nextAvail(),
                        used),
                true,
                true);
        return queue;
    }

    /** Sends what the driver has made available. */
    void sendAll() {
        for (DescriptorChain chain = transmit.next(); chain != null; chain = transmit.next()) {
            MemorySegment frame = MemorySegment.ofArray(new byte[(int) chain.readableBytes()]);
            chain.read(0, frame);
            sent.add(frame.toArray(ValueLayout.JAVA_BYTE));
            transmit.complete(chain.head(), 0);
        }
        transmit.publish();
    }

    /** Puts a frame with its header into the driver's next buffer. */
    void deliver(byte[] frame) {
        DescriptorChain chain = receive.next();
        if (chain == null) {
            throw new AssertionError("no buffer");
        }
        chain.write(0, MemorySegment.ofArray(frame));
        receive.complete(chain.head(), frame.length);
        receive.publish();
    }

    @Override
    public Stand stop() {
        if (!serves()) {
            throw new AssertionError("does not serve");
        }
        stops++;
        return new Stand(receive.save().nextAvail(), transmit.save().nextAvail());
    }

    @Override
    public Optional<FrameCounts> counts() {
        return counted;
    }

    @Override
    public void close() {
        if (serves()) {
            throw new AssertionError("serves still");
        }
        closed = true;
    }
}
