package cloud.ignition.linux.kvm;

import static cloud.ignition.linux.LinuxException.check;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.Fd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * One virtual machine in KVM. The order of calls decides their cost: memory regions first, then the irqchip (0.16 instead of 7.4 ms
 * per region), then ioeventfds and irqfds.
 */
public final class KvmVm implements AutoCloseable {
    private static final long SLOT = KvmStructs.offset(KvmStructs.KVM_USERSPACE_MEMORY_REGION, "slot");
    private static final long SLOT_FLAGS = KvmStructs.offset(KvmStructs.KVM_USERSPACE_MEMORY_REGION, "flags");
    private static final long SLOT_GPA = KvmStructs.offset(KvmStructs.KVM_USERSPACE_MEMORY_REGION, "guest_phys_addr");
    private static final long SLOT_SIZE = KvmStructs.offset(KvmStructs.KVM_USERSPACE_MEMORY_REGION, "memory_size");
    private static final long SLOT_HVA = KvmStructs.offset(KvmStructs.KVM_USERSPACE_MEMORY_REGION, "userspace_addr");

    private static final long IOEVENTFD_DATAMATCH = KvmStructs.offset(KvmStructs.KVM_IOEVENTFD, "datamatch");
    private static final long IOEVENTFD_ADDR = KvmStructs.offset(KvmStructs.KVM_IOEVENTFD, "addr");
    private static final long IOEVENTFD_LEN = KvmStructs.offset(KvmStructs.KVM_IOEVENTFD, "len");
    private static final long IOEVENTFD_FD = KvmStructs.offset(KvmStructs.KVM_IOEVENTFD, "fd");
    private static final long IOEVENTFD_FLAGS = KvmStructs.offset(KvmStructs.KVM_IOEVENTFD, "flags");

    private static final long IRQFD_FD = KvmStructs.offset(KvmStructs.KVM_IRQFD, "fd");
    private static final long IRQFD_GSI = KvmStructs.offset(KvmStructs.KVM_IRQFD, "gsi");
    private static final long IRQFD_FLAGS = KvmStructs.offset(KvmStructs.KVM_IRQFD, "flags");

    private static final long CHIP_ID = KvmStructs.offset(KvmStructs.KVM_IRQCHIP, "chip_id");

    private static final long IRQ_LEVEL_BYTES = KvmStructs.KVM_IRQ_LEVEL.byteSize();
    /** All arguments KVM_IRQ_LINE can have, so that raising a line needs neither memory nor a lock. */
    private static final MemorySegment IRQ_LEVELS = irqLevels();

    private final Kvm kvm;
    private final Fd fd;

    KvmVm(Kvm kvm, Fd fd) {
        this.kvm = kvm;
        this.fd = fd;
    }

    /** For ioctls that have no method here. */
    public Fd fd() {
        return fd;
    }

    /** As {@link Kvm#checkExtension}, for this VM. */
    public int checkExtension(int capability) {
        return check(fd.ioctl(KvmIoctls.KVM_CHECK_EXTENSION, capability), "KVM_CHECK_EXTENSION " + capability);
    }

    /** KVM_SET_TSS_ADDR: three pages of guest physical space that Intel hosts need, outside of all memory regions. */
    public void setTssAddress(long gpa) {
        check(fd.ioctl(KvmIoctls.KVM_SET_TSS_ADDR, gpa), "KVM_SET_TSS_ADDR");
    }

    /** KVM_SET_IDENTITY_MAP_ADDR: one more such page; before the first vCPU. */
    public void setIdentityMapAddress(long gpa) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocateFrom(JAVA_LONG, gpa);
            check(fd.ioctl(KvmIoctls.KVM_SET_IDENTITY_MAP_ADDR, address), "KVM_SET_IDENTITY_MAP_ADDR");
        }
    }

    /**
     * KVM_SET_USER_MEMORY_REGION: creates, changes or (size 0) deletes a memslot. The memory must stay mapped as long as the slot is
     * there.
     *
     * @param slot number of the memslot, from 0
     * @param flags {@code KVM_MEM_…}
     * @param gpa guest physical address, a multiple of the page size
     * @param size bytes, a multiple of the page size
     * @param hva address in this process, a multiple of the page size
     */
    public void setUserMemoryRegion(int slot, int flags, long gpa, long size, long hva) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment region = arena.allocate(KvmStructs.KVM_USERSPACE_MEMORY_REGION);
            region.set(JAVA_INT, SLOT, slot);
            region.set(JAVA_INT, SLOT_FLAGS, flags);
            region.set(JAVA_LONG, SLOT_GPA, gpa);
            region.set(JAVA_LONG, SLOT_SIZE, size);
            region.set(JAVA_LONG, SLOT_HVA, hva);
            check(fd.ioctl(KvmIoctls.KVM_SET_USER_MEMORY_REGION, region), "KVM_SET_USER_MEMORY_REGION slot " + slot);
        }
    }

    /** KVM_CREATE_IRQCHIP: two 8259A, one I/O APIC with 24 pins, and a local APIC in each vCPU created afterwards. */
    public void createIrqchip() {
        check(fd.ioctl(KvmIoctls.KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
    }

    /** KVM_CREATE_PIT2: an i8254, after the irqchip; {@code KVM_PIT_SPEAKER_DUMMY} also answers port 0x61. */
    public void createPit2(int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment config = arena.allocate(KvmStructs.KVM_PIT_CONFIG);
            config.set(JAVA_INT, KvmStructs.offset(KvmStructs.KVM_PIT_CONFIG, "flags"), flags);
            check(fd.ioctl(KvmIoctls.KVM_CREATE_PIT2, config), "KVM_CREATE_PIT2");
        }
    }

    /**
     * KVM_CREATE_VCPU.
     *
     * @param id from 0; also the vCPU's local APIC id
     */
    public KvmVcpu createVcpu(int id) {
        int n = check(fd.ioctl(KvmIoctls.KVM_CREATE_VCPU, id), "KVM_CREATE_VCPU " + id);
        Fd vcpu = Fd.adopt(n, "kvm-vcpu:" + id);
        try {
            return new KvmVcpu(kvm, vcpu, id);
        } catch (RuntimeException e) {
            vcpu.close();
            throw e;
        }
    }

    /**
     * KVM_IOEVENTFD: a guest's write signals the event and does not leave the kernel.
     *
     * @param addr guest physical address, or port
     * @param len bytes of the write: 1, 2, 4, 8, or 0 for any
     * @param datamatch only writes of this value; needs a {@code len} of 1 to 8
     * @param pio whether {@code addr} is a port
     */
    public void addIoeventfd(EventFd event, long addr, int len, OptionalLong datamatch, boolean pio) {
        ioeventfd(event, addr, len, datamatch, pio, 0);
    }

    /** Undoes {@link #addIoeventfd} with the same arguments. */
    public void removeIoeventfd(EventFd event, long addr, int len, OptionalLong datamatch, boolean pio) {
        ioeventfd(event, addr, len, datamatch, pio, KvmConstants.KVM_IOEVENTFD_FLAG_DEASSIGN);
    }

    /**
     * KVM_IRQFD: a signal of the event is an edge on the GSI; after the irqchip.
     *
     * <p>For a GSI of the I/O APIC or the PIC the edge comes later, from a kernel worker: an irqchip that is read right after the
     * signal may not show it. {@link #irqLine} is done when it returns.
     */
    public void addIrqfd(EventFd event, int gsi) {
        irqfd(event, gsi, 0);
    }

    /** Undoes {@link #addIrqfd} with the same arguments. */
    public void removeIrqfd(EventFd event, int gsi) {
        irqfd(event, gsi, KvmConstants.KVM_IRQFD_FLAG_DEASSIGN);
    }

    /** KVM_IRQ_LINE: sets the level of a GSI below 24; an edge is true followed by false. Allocates nothing. */
    public void irqLine(int gsi, boolean level) {
        long index = 2L * Objects.checkIndex(gsi, KvmConstants.KVM_IOAPIC_NUM_PINS) + (level ? 1 : 0);
        int r = fd.ioctl(KvmIoctls.KVM_IRQ_LINE, IRQ_LEVELS.address() + index * IRQ_LEVEL_BYTES);
        if (r < 0) {
            check(r, "KVM_IRQ_LINE " + gsi);
        }
    }

    /**
     * Reads a part of the state.
     *
     * @param into native memory of at least {@link KvmVmState#size} bytes, aligned to 8
     */
    public void get(KvmVmState what, MemorySegment into) {
        checkSize(what, into);
        if (what.isIrqchip()) {
            // KVM leaves what the chip does not use as it was; a saved state is the same each time only when we clear
            // it.
            into.asSlice(0, what.size()).fill((byte) 0);
            into.set(JAVA_INT, CHIP_ID, what.chipId);
        }
        check(fd.ioctl(what.getRequest, into), "get " + what);
    }

    /**
     * Writes a part of the state.
     *
     * @param from what {@link #get} gave for the same part; native memory
     */
    public void set(KvmVmState what, MemorySegment from) {
        checkSize(what, from);
        if (what.isIrqchip() && from.get(JAVA_INT, CHIP_ID) != what.chipId) {
            throw new IllegalArgumentException("chip_id " + from.get(JAVA_INT, CHIP_ID) + " in a state for " + what);
        }
        check(fd.ioctl(what.setRequest, from), "set " + what);
    }

    /** Closes the VM; KVM takes it down when its vCPUs are closed too, which can take 15 ms. */
    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return fd.toString();
    }

    private void ioeventfd(EventFd event, long addr, int len, OptionalLong datamatch, boolean pio, int flags) {
        int all = flags
                | (pio ? KvmConstants.KVM_IOEVENTFD_FLAG_PIO : 0)
                | (datamatch.isPresent() ? KvmConstants.KVM_IOEVENTFD_FLAG_DATAMATCH : 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = arena.allocate(KvmStructs.KVM_IOEVENTFD);
            struct.set(JAVA_LONG, IOEVENTFD_DATAMATCH, datamatch.orElse(0));
            struct.set(JAVA_LONG, IOEVENTFD_ADDR, addr);
            struct.set(JAVA_INT, IOEVENTFD_LEN, len);
            struct.set(JAVA_INT, IOEVENTFD_FD, event.fd().number());
            struct.set(JAVA_INT, IOEVENTFD_FLAGS, all);
            check(fd.ioctl(KvmIoctls.KVM_IOEVENTFD, struct), "KVM_IOEVENTFD at 0x" + Long.toHexString(addr));
        }
    }

    private void irqfd(EventFd event, int gsi, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = arena.allocate(KvmStructs.KVM_IRQFD);
            struct.set(JAVA_INT, IRQFD_FD, event.fd().number());
            struct.set(JAVA_INT, IRQFD_GSI, gsi);
            struct.set(JAVA_INT, IRQFD_FLAGS, flags);
            check(fd.ioctl(KvmIoctls.KVM_IRQFD, struct), "KVM_IRQFD gsi " + gsi);
        }
    }

    private static void checkSize(KvmVmState what, MemorySegment segment) {
        if (segment.byteSize() < what.size()) {
            throw new IllegalArgumentException(what + " needs " + what.size() + " bytes, not " + segment.byteSize());
        }
    }

    private static MemorySegment irqLevels() {
        MemorySegment levels = Arena.global().allocate(KvmStructs.KVM_IRQ_LEVEL, 2L * KvmConstants.KVM_IOAPIC_NUM_PINS);
        for (int gsi = 0; gsi < KvmConstants.KVM_IOAPIC_NUM_PINS; gsi++) {
            for (int level = 0; level <= 1; level++) {
                MemorySegment one = levels.asSlice((2L * gsi + level) * IRQ_LEVEL_BYTES, IRQ_LEVEL_BYTES);
                one.set(JAVA_INT, KvmStructs.offset(KvmStructs.KVM_IRQ_LEVEL, "irq"), gsi);
                one.set(JAVA_INT, KvmStructs.offset(KvmStructs.KVM_IRQ_LEVEL, "level"), level);
            }
        }
        return levels.asReadOnly();
    }
}
