package cloud.ignition.linux.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Objects;

/**
 * View of {@code struct kvm_run}, through which KVM says why KVM_RUN returned and takes the answer. Belongs to the thread that runs
 * the vCPU; only {@link #setImmediateExit} is for all threads. Accessors of an exit's fields mean something only for that
 * {@link #exitReason}. Values are little endian, unsigned, zero extended.
 */
public final class KvmRun {
    private static final VarHandle BYTE = JAVA_BYTE.varHandle();

    private static final long IMMEDIATE_EXIT = KvmStructs.offset(KvmStructs.KVM_RUN, "immediate_exit");
    private static final long EXIT_REASON = KvmStructs.offset(KvmStructs.KVM_RUN, "exit_reason");
    private static final long HW_REASON = KvmStructs.exitOffset("hw", "hardware_exit_reason");
    private static final long FAIL_REASON = KvmStructs.exitOffset("fail_entry", "hardware_entry_failure_reason");
    private static final long IO_DIRECTION = KvmStructs.exitOffset("io", "direction");
    private static final long IO_SIZE = KvmStructs.exitOffset("io", "size");
    private static final long IO_PORT = KvmStructs.exitOffset("io", "port");
    private static final long IO_COUNT = KvmStructs.exitOffset("io", "count");
    private static final long IO_DATA_OFFSET = KvmStructs.exitOffset("io", "data_offset");
    private static final long MMIO_ADDRESS = KvmStructs.exitOffset("mmio", "phys_addr");
    private static final long MMIO_DATA = KvmStructs.exitOffset("mmio", "data");
    private static final long MMIO_LEN = KvmStructs.exitOffset("mmio", "len");
    private static final long MMIO_IS_WRITE = KvmStructs.exitOffset("mmio", "is_write");
    private static final long INTERNAL_SUBERROR = KvmStructs.exitOffset("internal", "suberror");
    private static final long INTERNAL_NDATA = KvmStructs.exitOffset("internal", "ndata");
    private static final long INTERNAL_DATA = KvmStructs.exitOffset("internal", "data");
    private static final int INTERNAL_MAX_DATA = 16;
    private static final long SYSTEM_EVENT_TYPE = KvmStructs.exitOffset("system_event", "type");

    private final MemorySegment run;

    KvmRun(MemorySegment run) {
        this.run = run;
    }

    /** {@code KVM_EXIT_…}. */
    public int exitReason() {
        return run.get(JAVA_INT, EXIT_REASON);
    }

    /** Whether the next KVM_RUN returns {@code -EINTR} before it enters the guest, after it has retired a pending I/O. */
    public void setImmediateExit(boolean immediateExit) {
        BYTE.setVolatile(run, IMMEDIATE_EXIT, (byte) (immediateExit ? 1 : 0));
    }

    /** {@code KVM_EXIT_IO_IN} or {@code KVM_EXIT_IO_OUT}. */
    public int ioDirection() {
        return run.get(JAVA_BYTE, IO_DIRECTION);
    }

    /** Bytes per access: 1, 2 or 4. */
    public int ioSize() {
        return run.get(JAVA_BYTE, IO_SIZE);
    }

    /** The port, 0 to 65535. */
    public int ioPort() {
        return Short.toUnsignedInt(run.get(JAVA_SHORT, IO_PORT));
    }

    /** How many accesses, more than 1 for string instructions. */
    public int ioCount() {
        return run.get(JAVA_INT, IO_COUNT);
    }

    /** The data of all accesses, size times count bytes: written by the guest, or to be written for it. */
    public MemorySegment ioData() {
        return run.asSlice(run.get(JAVA_LONG, IO_DATA_OFFSET), (long) ioSize() * ioCount());
    }

    /** What access {@code i} of an OUT wrote. */
    public long ioValue(int i) {
        return load(ioAddress(i), ioSize());
    }

    /** What access {@code i} of an IN is to read; superfluous bits are ignored. */
    public void setIoValue(int i, long value) {
        store(ioAddress(i), ioSize(), value);
    }

    /** Guest physical address of the access. */
    public long mmioAddress() {
        return run.get(JAVA_LONG, MMIO_ADDRESS);
    }

    /** Bytes of the access, 1 to 8. */
    public int mmioLength() {
        return run.get(JAVA_INT, MMIO_LEN);
    }

    /** Whether the guest writes. */
    public boolean mmioIsWrite() {
        return run.get(JAVA_BYTE, MMIO_IS_WRITE) != 0;
    }

    /** What the guest wrote. */
    public long mmioValue() {
        return load(MMIO_DATA, mmioLength());
    }

    /** What the guest is to read; superfluous bits are ignored. */
    public void setMmioValue(long value) {
        run.set(JAVA_LONG_UNALIGNED, MMIO_DATA, value);
    }

    /** {@code KVM_SYSTEM_EVENT_…}. */
    public int systemEventType() {
        return run.get(JAVA_INT, SYSTEM_EVENT_TYPE);
    }

    /** {@code KVM_INTERNAL_ERROR_…}. */
    public int internalErrorSuberror() {
        return run.get(JAVA_INT, INTERNAL_SUBERROR);
    }

    /** What KVM adds to an internal error, for people; at most 16 values. */
    public long[] internalErrorData() {
        int count = Math.clamp(run.get(JAVA_INT, INTERNAL_NDATA), 0, INTERNAL_MAX_DATA);
        return run.asSlice(INTERNAL_DATA, count * JAVA_LONG.byteSize()).toArray(JAVA_LONG);
    }

    /** The processor's reason for KVM_EXIT_FAIL_ENTRY. */
    public long failEntryReason() {
        return run.get(JAVA_LONG, FAIL_REASON);
    }

    /** The processor's reason for KVM_EXIT_UNKNOWN. */
    public long hardwareExitReason() {
        return run.get(JAVA_LONG, HW_REASON);
    }

    @Override
    public String toString() {
        return "kvm_run with exit reason " + exitReason();
    }

    private long ioAddress(int i) {
        return run.get(JAVA_LONG, IO_DATA_OFFSET) + (long) Objects.checkIndex(i, ioCount()) * ioSize();
    }

    private long load(long offset, int size) {
        return switch (size) {
            case 1 -> Byte.toUnsignedLong(run.get(JAVA_BYTE, offset));
            case 2 -> Short.toUnsignedLong(run.get(JAVA_SHORT_UNALIGNED, offset));
            case 4 -> Integer.toUnsignedLong(run.get(JAVA_INT_UNALIGNED, offset));
            case 8 -> run.get(JAVA_LONG_UNALIGNED, offset);
            default -> loadBytes(offset, size);
        };
    }

    /** KVM splits accesses at page borders, so that a part can have any length. */
    private long loadBytes(long offset, int size) {
        long value = 0;
        for (int i = Math.min(size, Long.BYTES) - 1; i >= 0; i--) {
            value = value << 8 | Byte.toUnsignedLong(run.get(JAVA_BYTE, offset + i));
        }
        return value;
    }

    private void store(long offset, int size, long value) {
        switch (size) {
            case 1 -> run.set(JAVA_BYTE, offset, (byte) value);
            case 2 -> run.set(JAVA_SHORT_UNALIGNED, offset, (short) value);
            case 4 -> run.set(JAVA_INT_UNALIGNED, offset, (int) value);
            default -> throw new IllegalStateException("port access of " + size + " bytes");
        }
    }
}
