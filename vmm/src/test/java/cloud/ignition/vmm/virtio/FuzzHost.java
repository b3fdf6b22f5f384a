package cloud.ignition.vmm.virtio;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.block.BlockBackend;
import cloud.ignition.vmm.virtio.net.FrameCounts;
import cloud.ignition.vmm.virtio.net.KernelQueues;
import cloud.ignition.vmm.virtio.net.NetBackend;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;

/**
 * The host of a machine under fuzz: back ends that answer anything a host may answer, a clock, and a second vCPU. They
 * insist that every piece they get lies in the guest's RAM, and while they work the guest changes its rings.
 */
final class FuzzHost {
    private static final int DISK_SECTORS = 256;
    private static final int SECTOR = 512;
    private static final long PAGE = 4096;
    private static final int RINGS_BYTES = 3 * TestDriver.QUEUE_BYTES;

    private final GuestMemory memory;
    private final Random random;
    private long nanos;

    /**
     * @param memory the guest's
     * @param random decides everything, so that the same seed gives the same host
     */
    FuzzHost(GuestMemory memory, Random random) {
        this.memory = memory;
        this.random = random;
    }

    GuestMemory memory() {
        return memory;
    }

    Random random() {
        return random;
    }

    /** A disk that is sometimes short and sometimes broken. */
    BlockBackend disk() {
        return new Disk(this);
    }

    /** A wire with frames of any length, or none. */
    NetBackend wire() {
        return new Wire(this);
    }

    /** A kernel that serves the queues of a network device, or rather takes some of what is in them. */
    KernelQueues kernel() {
        return new Kernel(this);
    }

    /** Takes whole pages of RAM, or does not; what it takes reads as zeroes, rings too. */
    boolean takePages(long gpa, long length) {
        if (length <= 0 || gpa % PAGE != 0 || length % PAGE != 0 || !memory.contains(gpa, length)) {
            throw new AssertionError(length + " bytes at " + gpa + " are no pages of RAM");
        }
        boolean taken = random.nextInt(4) != 0;
        if (taken) {
            memory.slice(gpa, length).fill((byte) 0);
        }
        return taken;
    }

    /** A monotonic clock for budgets; it stands still about as often as it goes on. */
    long nanoTime() {
        nanos += random.nextBoolean() ? random.nextInt(1 << 20) : 0;
        return nanos;
    }

    /** A host call that takes a while: a piece of guest memory is in use, and another vCPU writes to the rings. */
    void meanwhile(IoVector vector) {
        GuestMemory.Region region = memory.regions().getFirst();
        for (int i = 0; i < vector.count(); i++) {
            long gpa = vector.address(i) - region.host().address() + region.gpa();
            if (vector.length(i) <= 0 || !memory.contains(gpa, vector.length(i))) {
                throw new AssertionError("piece " + i + " is outside RAM");
            }
        }
        if (random.nextInt(16) == 0) {
            flipBit(random.nextInt(RINGS_BYTES));
        }
    }

    /** Changes one bit of guest memory. */
    void flipBit(long gpa) {
        memory.setByte(gpa, (byte) (memory.getByte(gpa) ^ (1 << random.nextInt(8))));
    }

    private record Disk(FuzzHost host) implements BlockBackend {
        @Override
        public long sizeBytes() {
            return DISK_SECTORS * SECTOR;
        }

        @Override
        public long read(IoVector into, long offset) {
            return answer(into, offset);
        }

        @Override
        public long write(IoVector from, long offset) {
            return answer(from, offset);
        }

        private long answer(IoVector vector, long offset) {
            host.meanwhile(vector);
            if (offset < 0 || offset + vector.totalBytes() > sizeBytes()) {
                throw new AssertionError("behind the end of the disk: " + offset);
            }
            return switch (host.random.nextInt(20)) {
                case 0 -> -Errno.EIO;
                case 1 -> 0;
                case 2 -> 1 + host.random.nextInt((int) vector.totalBytes());
                default -> vector.totalBytes();
            };
        }

        @Override
        public int flush() {
            return host.random.nextInt(10) == 0 ? -Errno.EIO : 0;
        }

        @Override
        public int discard(long offset, long length) {
            if (offset < 0 || length <= 0 || offset + length > sizeBytes()) {
                throw new AssertionError("discards " + length + " bytes at " + offset);
            }
            return host.random.nextInt(10) == 0 ? -Errno.EOPNOTSUPP : 0;
        }

        @Override
        public int writeZeroes(long offset, long length, boolean unmap) {
            return discard(offset, length);
        }

        @Override
        public void close() {}
    }

    private record Wire(FuzzHost host) implements NetBackend {
        @Override
        public Optional<Fd> fd() {
            return Optional.empty();
        }

        @Override
        public long read(IoVector into) {
            host.meanwhile(into);
            Random random = host.random;
            return switch (random.nextInt(30)) {
                case 0 -> -Errno.EIO;
                case 1, 2, 3, 4, 5, 6 -> -Errno.EAGAIN;
                default -> Math.min(into.totalBytes(), 12 + random.nextInt(random.nextInt(5) == 0 ? 65_000 : 1_500));
            };
        }

        @Override
        public long write(MemorySegment head, IoVector rest) {
            host.meanwhile(rest);
            return host.random.nextInt(10) == 0 ? -Errno.EAGAIN : head.byteSize() + rest.totalBytes();
        }

        @Override
        public void setReceiveOffloads(boolean checksum, boolean tso4, boolean tso6) {}
    }

    private static final class Kernel implements KernelQueues {
        private final FuzzHost host;
        private boolean serving;
        private int receive;
        private int transmit;

        Kernel(FuzzHost host) {
            this.host = host;
        }

        @Override
        public long features() {
            return -1;
        }

        @Override
        public void start(long features, SplitQueue.Rings receiving, SplitQueue.Rings transmitting) {
            if (serving) {
                throw new AssertionError("serves already");
            }
            serving = true;
            receive = some(receiving);
            transmit = some(transmitting);
        }

        private int some(SplitQueue.Rings rings) {
            GuestMemory.Region region = host.memory.regions().getFirst();
            long base = region.host().address() - region.gpa();
            if (!host.memory.contains(rings.descriptors() - base, 16L * rings.size())
                    || !host.memory.contains(rings.avail() - base, 6 + 2L * rings.size())
                    || !host.memory.contains(rings.used() - base, 6 + 8L * rings.size())) {
                throw new AssertionError(rings + " outside RAM");
            }
            return (rings.nextAvail() + host.random.nextInt(3)) & 0xffff;
        }

        @Override
        public Stand stop() {
            if (!serving) {
                throw new AssertionError("serves not");
            }
            serving = false;
            return new Stand(receive, transmit);
        }

        @Override
        public Optional<FrameCounts> counts() {
            long some = host.random.nextInt(3);
            return some == 2 ? Optional.empty() : Optional.of(new FrameCounts(some, some, some, some));
        }

        @Override
        public void close() {
            if (serving) {
                throw new AssertionError("serves still");
            }
        }
    }
}
