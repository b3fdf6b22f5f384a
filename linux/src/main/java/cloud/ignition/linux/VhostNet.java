package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The kernel's own back end of a virtio network card, {@code /dev/vhost-net} ({@code linux/vhost.h}): it moves frames between two
 * virtqueues in this process' memory and a {@link Tap}, in a thread of the kernel's. It belongs to the process that opened it.
 *
 * <p>Queue 0 takes frames from the tap to the guest, queue 1 the other way. While a queue has a back end, its size and position cannot be
 * changed (EBUSY).
 */
public final class VhostNet implements AutoCloseable {
    /** Where the kernel offers it; opening it loads the module where that is possible. */
    public static final String PATH = "/dev/vhost-net";

    static final int VHOST_VIRTIO = 0xaf;

    static final long VHOST_GET_FEATURES = Ioctl.ior(VHOST_VIRTIO, 0x00, JAVA_LONG);
    static final long VHOST_SET_FEATURES = Ioctl.iow(VHOST_VIRTIO, 0x00, JAVA_LONG);
    static final long VHOST_SET_OWNER = Ioctl.io(VHOST_VIRTIO, 0x01);
    static final long VHOST_SET_MEM_TABLE = Ioctl.iow(VHOST_VIRTIO, 0x03, Structs.VHOST_MEMORY);
    static final long VHOST_SET_VRING_NUM = Ioctl.iow(VHOST_VIRTIO, 0x10, Structs.VHOST_VRING_STATE);
    static final long VHOST_SET_VRING_ADDR = Ioctl.iow(VHOST_VIRTIO, 0x11, Structs.VHOST_VRING_ADDR);
    static final long VHOST_SET_VRING_BASE = Ioctl.iow(VHOST_VIRTIO, 0x12, Structs.VHOST_VRING_STATE);
    static final long VHOST_GET_VRING_BASE = Ioctl.iowr(VHOST_VIRTIO, 0x12, Structs.VHOST_VRING_STATE);
    static final long VHOST_SET_VRING_KICK = Ioctl.iow(VHOST_VIRTIO, 0x20, Structs.VHOST_VRING_FILE);
    static final long VHOST_SET_VRING_CALL = Ioctl.iow(VHOST_VIRTIO, 0x21, Structs.VHOST_VRING_FILE);
    static final long VHOST_SET_VRING_ERR = Ioctl.iow(VHOST_VIRTIO, 0x22, Structs.VHOST_VRING_FILE);
    static final long VHOST_NET_SET_BACKEND = Ioctl.iow(VHOST_VIRTIO, 0x30, Structs.VHOST_VRING_FILE);

    private static final int NO_BACKEND = -1;

    private static final long STATE_INDEX = Structs.offset(Structs.VHOST_VRING_STATE, "index");
    private static final long STATE_NUM = Structs.offset(Structs.VHOST_VRING_STATE, "num");
    private static final long FILE_INDEX = Structs.offset(Structs.VHOST_VRING_FILE, "index");
    private static final long FILE_FD = Structs.offset(Structs.VHOST_VRING_FILE, "fd");
    private static final long ADDR_INDEX = Structs.offset(Structs.VHOST_VRING_ADDR, "index");
    private static final long ADDR_FLAGS = Structs.offset(Structs.VHOST_VRING_ADDR, "flags");
    private static final long ADDR_DESC = Structs.offset(Structs.VHOST_VRING_ADDR, "desc_user_addr");
    private static final long ADDR_USED = Structs.offset(Structs.VHOST_VRING_ADDR, "used_user_addr");
    private static final long ADDR_AVAIL = Structs.offset(Structs.VHOST_VRING_ADDR, "avail_user_addr");
    private static final long ADDR_LOG = Structs.offset(Structs.VHOST_VRING_ADDR, "log_guest_addr");
    private static final long MEMORY_COUNT = Structs.offset(Structs.VHOST_MEMORY, "nregions");
    private static final long REGION_GPA = Structs.offset(Structs.VHOST_MEMORY_REGION, "guest_phys_addr");
    private static final long REGION_SIZE = Structs.offset(Structs.VHOST_MEMORY_REGION, "memory_size");
    private static final long REGION_HVA = Structs.offset(Structs.VHOST_MEMORY_REGION, "userspace_addr");

    private final Fd fd;

    private VhostNet(Fd fd) {
        this.fd = fd;
    }

    /**
     * A piece of the guest's memory.
     *
     * @param gpa guest physical address of its first byte
     * @param bytes its size
     * @param hva its address in this process
     */
    public record Region(long gpa, long bytes, long hva) {}

    /**
     * Opens it and makes its thread in the kernel, VHOST_SET_OWNER.
     *
     * @throws LinuxException ENOENT when the kernel has none, EACCES or EPERM when it may not be used, ENOMEM
     */
    public static VhostNet open() {
        Fd fd = Fd.open(PATH, Fd.O_RDWR, 0);
        try {
            LinuxException.check(fd.ioctl(VHOST_SET_OWNER, 0), "VHOST_SET_OWNER");
            return new VhostNet(fd);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /** VHOST_GET_FEATURES: bits of virtio, and some of vhost's own, that the kernel knows. */
    public long features() {
        MemorySegment bits = CallScratch.current().small;
        check(fd.ioctl(VHOST_GET_FEATURES, bits), "VHOST_GET_FEATURES");
        return bits.get(JAVA_LONG, 0);
    }

    /**
     * VHOST_SET_FEATURES: what the driver negotiated of {@link #features}. With VIRTIO_F_VERSION_1 each frame, in the queues and in the tap,
     * has a header of 12 bytes, see {@link Tap#setVnetHeaderSize}.
     */
    public void setFeatures(long bits) {
        MemorySegment argument = CallScratch.current().small;
        argument.set(JAVA_LONG, 0, bits);
        check(fd.ioctl(VHOST_SET_FEATURES, argument), "VHOST_SET_FEATURES 0x" + Long.toHexString(bits));
    }

    /** VHOST_SET_MEM_TABLE: all memory that descriptors may name. Memory need not be there before a queue has a back end. */
    public void setMemory(List<Region> regions) {
        long header = Structs.VHOST_MEMORY.byteSize();
        long each = Structs.VHOST_MEMORY_REGION.byteSize();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment table = arena.allocate(header + each * regions.size(), JAVA_LONG.byteAlignment());
            table.set(JAVA_INT, MEMORY_COUNT, regions.size());
            for (int i = 0; i < regions.size(); i++) {
                Region region = regions.get(i);
                long at = header + each * i;
                table.set(JAVA_LONG, at + REGION_GPA, region.gpa());
                table.set(JAVA_LONG, at + REGION_SIZE, region.bytes());
                table.set(JAVA_LONG, at + REGION_HVA, region.hva());
            }
            check(fd.ioctl(VHOST_SET_MEM_TABLE, table), "VHOST_SET_MEM_TABLE");
        }
    }

    /** VHOST_SET_VRING_NUM: the queue's size in descriptors. */
    public void setSize(int queue, int descriptors) {
        check(fd.ioctl(VHOST_SET_VRING_NUM, state(queue, descriptors)), "VHOST_SET_VRING_NUM");
    }

    /** VHOST_SET_VRING_BASE: the 16-bit index of the next available entry to take. */
    public void setBase(int queue, int nextAvail) {
        check(fd.ioctl(VHOST_SET_VRING_BASE, state(queue, nextAvail)), "VHOST_SET_VRING_BASE");
    }

    /** VHOST_GET_VRING_BASE: as {@link #setBase}, where the kernel stands; of a queue without a back end. */
    public int base(int queue) {
        MemorySegment state = state(queue, 0);
        check(fd.ioctl(VHOST_GET_VRING_BASE, state), "VHOST_GET_VRING_BASE");
        return state.get(JAVA_INT, STATE_NUM) & 0xffff;
    }

    /** VHOST_SET_VRING_ADDR: where the queue's three parts lie in this process. */
    public void setAddresses(int queue, long descriptors, long avail, long used) {
        MemorySegment argument = CallScratch.current().small;
        argument.set(JAVA_INT, ADDR_INDEX, queue);
        argument.set(JAVA_INT, ADDR_FLAGS, 0);
        argument.set(JAVA_LONG, ADDR_DESC, descriptors);
        argument.set(JAVA_LONG, ADDR_USED, used);
        argument.set(JAVA_LONG, ADDR_AVAIL, avail);
        argument.set(JAVA_LONG, ADDR_LOG, 0);
        check(fd.ioctl(VHOST_SET_VRING_ADDR, argument), "VHOST_SET_VRING_ADDR");
    }

    /** VHOST_SET_VRING_KICK: what the driver signals; the kernel wakes by it and never takes its count. */
    public void setKick(int queue, EventFd kick) {
        check(fd.ioctl(VHOST_SET_VRING_KICK, file(queue, kick.fd().number())), "VHOST_SET_VRING_KICK");
    }

    /** VHOST_SET_VRING_CALL: what the kernel signals when the driver wants an interrupt. */
    public void setCall(int queue, EventFd call) {
        check(fd.ioctl(VHOST_SET_VRING_CALL, file(queue, call.fd().number())), "VHOST_SET_VRING_CALL");
    }

    /** VHOST_SET_VRING_ERR: what the kernel signals when a queue is not as a driver makes it. */
    public void setError(int queue, EventFd error) {
        check(fd.ioctl(VHOST_SET_VRING_ERR, file(queue, error.fd().number())), "VHOST_SET_VRING_ERR");
    }

    /** VHOST_NET_SET_BACKEND: the kernel serves the queue from now on, and looks at once what there is to do. */
    public void setBackend(int queue, Tap tap) {
        check(fd.ioctl(VHOST_NET_SET_BACKEND, file(queue, tap.fd().number())), "VHOST_NET_SET_BACKEND " + tap.name());
    }

    /**
     * VHOST_NET_SET_BACKEND with none: when it returns the kernel has finished what was under way and leaves queue and tap alone; frames it
     * had taken from the tap ahead of their use are in the tap again.
     */
    public void clearBackend(int queue) {
        check(fd.ioctl(VHOST_NET_SET_BACKEND, file(queue, NO_BACKEND)), "VHOST_NET_SET_BACKEND -1");
    }

    /** Ends the kernel's thread; takes some milliseconds. */
    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return fd.toString();
    }

    private static MemorySegment state(int queue, int number) {
        MemorySegment state = CallScratch.current().small;
        state.set(JAVA_INT, STATE_INDEX, queue);
        state.set(JAVA_INT, STATE_NUM, number);
        return state;
    }

    private static MemorySegment file(int queue, int number) {
        MemorySegment file = CallScratch.current().small;
        file.set(JAVA_INT, FILE_INDEX, queue);
        file.set(JAVA_INT, FILE_FD, number);
        return file;
    }

    private static void check(int result, String call) {
        LinuxException.check(result, call);
    }
}
