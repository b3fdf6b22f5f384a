package cloud.ignition.linux.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** View of {@code struct kvm_clock_data}: kvmclock of a VM. For the clock to go on where it stopped, set it with {@link #flags} 0; with {@code KVM_CLOCK_REALTIME} KVM adds the time that has passed since {@link #realtime}. */
public final class KvmClockData {
    private static final long CLOCK = KvmStructs.offset(KvmStructs.KVM_CLOCK_DATA, "clock");
    private static final long FLAGS = KvmStructs.offset(KvmStructs.KVM_CLOCK_DATA, "flags");
    private static final long REALTIME = KvmStructs.offset(KvmStructs.KVM_CLOCK_DATA, "realtime");
    private static final long HOST_TSC = KvmStructs.offset(KvmStructs.KVM_CLOCK_DATA, "host_tsc");

    private final MemorySegment memory;

    /** A view of the struct at the start of {@code memory}. */
    public KvmClockData(MemorySegment memory) {
        this.memory = memory.asSlice(0, KvmStructs.KVM_CLOCK_DATA.byteSize());
    }

    /** A new struct of zeros. */
    public static KvmClockData allocate(Arena arena) {
        return new KvmClockData(arena.allocate(KvmStructs.KVM_CLOCK_DATA));
    }

    /** The struct itself, for get and set calls. */
    public MemorySegment memory() {
        return memory;
    }

    /** Nanoseconds of the guest's clock. */
    public long clock() {
        return memory.get(JAVA_LONG, CLOCK);
    }

    /** Sets {@link #clock}. */
    public void setClock(long value) {
        memory.set(JAVA_LONG, CLOCK, value);
    }

    /** {@code KVM_CLOCK_…}. */
    public int flags() {
        return memory.get(JAVA_INT, FLAGS);
    }

    /** Sets {@link #flags}. */
    public void setFlags(int value) {
        memory.set(JAVA_INT, FLAGS, value);
    }

    /** Nanoseconds since 1970 on the host when the clock was read. */
    public long realtime() {
        return memory.get(JAVA_LONG, REALTIME);
    }

    /** Sets {@link #realtime}. */
    public void setRealtime(long value) {
        memory.set(JAVA_LONG, REALTIME, value);
    }

    /** Time stamp counter of the host then. */
    public long hostTsc() {
        return memory.get(JAVA_LONG, HOST_TSC);
    }

    /** Sets {@link #hostTsc}. */
    public void setHostTsc(long value) {
        memory.set(JAVA_LONG, HOST_TSC, value);
    }
}
