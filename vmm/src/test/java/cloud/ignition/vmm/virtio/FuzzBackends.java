package cloud.ignition.vmm.virtio;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.balloon.BalloonBackend;
import cloud.ignition.vmm.virtio.block.BlockBackend;
import cloud.ignition.vmm.virtio.net.NetBackend;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;

/** Back ends that answer anything a host may answer, and insist that every piece they get lies in the guest's RAM. */
final class FuzzBackends {
    private FuzzBackends() {}

    static void requireInRam(GuestMemory memory, IoVector vector) {
        GuestMemory.Region region = memory.regions().getFirst();
        for (int i = 0; i < vector.count(); i++) {
            long gpa = vector.address(i) - region.host().address() + region.gpa();
            if (vector.length(i) <= 0 || !memory.contains(gpa, vector.length(i))) {
                throw new AssertionError("piece " + i + " is outside RAM");
            }
        }
    }

    /** A disk that is sometimes short and sometimes broken. */
    record Disk(GuestMemory memory, Random random) implements BlockBackend {
        @Override
        public long sizeBytes() {
            return 256 * BLOCK;
        }

        private static final long BLOCK = 512;

        @Override
        public long read(IoVector into, long offset) {
            return answer(into, offset);
        }

        @Override
        public long write(IoVector from, long offset) {
            return answer(from, offset);
        }

        private long answer(IoVector vector, long offset) {
            requireInRam(memory, vector);
            if (offset < 0 || offset + vector.totalBytes() > sizeBytes()) {
                throw new AssertionError("behind the end of the disk: " + offset);
            }
            return switch (random.nextInt(20)) {
                case 0 -> -Errno.EIO;
                case 1 -> 0;
                case 2 -> 1 + random.nextInt((int) vector.totalBytes());
                default -> vector.totalBytes();
            };
        }

        @Override
        public int flush() {
            return random.nextInt(10) == 0 ? -Errno.EIO : 0;
        }

        @Override
        public int discard(long offset, long length) {
            if (offset < 0 || length <= 0 || offset + length > sizeBytes()) {
                throw new AssertionError("discards " + length + " bytes at " + offset);
            }
            return random.nextInt(10) == 0 ? -Errno.EOPNOTSUPP : 0;
        }

        @Override
        public int writeZeroes(long offset, long length, boolean unmap) {
            return discard(offset, length);
        }

        @Override
        public void close() {}
    }

    /** A wire with frames of any length, or none. */
    record Wire(GuestMemory memory, Random random) implements NetBackend {
        @Override
        public Optional<Fd> fd() {
            return Optional.empty();
        }

        @Override
        public long read(IoVector into) {
            requireInRam(memory, into);
            return switch (random.nextInt(30)) {
                case 0 -> -Errno.EIO;
                case 1, 2, 3, 4, 5, 6 -> -Errno.EAGAIN;
                default -> Math.min(into.totalBytes(), 12 + random.nextInt(random.nextInt(5) == 0 ? 65_000 : 1_500));
            };
        }

        @Override
        public long write(MemorySegment head, IoVector rest) {
            requireInRam(memory, rest);
            return random.nextInt(10) == 0 ? -Errno.EAGAIN : head.byteSize() + rest.totalBytes();
        }

        @Override
        public void setReceiveOffloads(boolean checksum, boolean tso4, boolean tso6) {}
    }

    /** A host that takes whole pages of RAM, or does not; what it takes reads as zeroes. */
    record FreeMemory(GuestMemory memory, Random random) implements BalloonBackend {
        private static final long PAGE = 4096;

        @Override
        public boolean giveBack(long gpa, long length) {
            if (length <= 0 || gpa % PAGE != 0 || length % PAGE != 0 || !memory.contains(gpa, length)) {
                throw new AssertionError(length + " bytes at " + gpa + " are no pages of RAM");
            }
            if (random.nextInt(4) == 0) {
                return false;
            }
            memory.slice(gpa, length).fill((byte) 0); // also the queues' own memory, when the driver says so
            return true;
        }
    }
}
