package cloud.ignition.linux.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** View of {@code struct kvm_lapic_state}: the local APIC's registers at their offsets, see the Intel SDM, volume 3, table 12-1. */
public final class KvmLapic {
    /** Offset of the task priority register. */
    public static final int APIC_TASKPRI = 0x80;

    /** Offset of the spurious interrupt vector register. */
    public static final int APIC_SPIV = 0xf0;

    /** Offset of the local vector table's timer entry. */
    public static final int APIC_LVTT = 0x320;

    /** Offset of the local vector table's entry for LINT0. */
    public static final int APIC_LVT0 = 0x350;

    /** Offset of the local vector table's entry for LINT1. */
    public static final int APIC_LVT1 = 0x360;

    private static final int REGISTER_ALIGNMENT = 16;

    private final MemorySegment memory;

    /** A view of the struct at the start of {@code memory}. */
    public KvmLapic(MemorySegment memory) {
        this.memory = memory.asSlice(0, KvmStructs.KVM_LAPIC_STATE.byteSize());
    }

    /** A new struct of zeros. */
    public static KvmLapic allocate(Arena arena) {
        return new KvmLapic(arena.allocate(KvmStructs.KVM_LAPIC_STATE.byteSize(), Long.BYTES));
    }

    /** The struct itself, for get and set calls. */
    public MemorySegment memory() {
        return memory;
    }

    /** The 32 bits of the register at {@code offset}, a multiple of 16. */
    public int register(int offset) {
        return memory.get(JAVA_INT, checked(offset));
    }

    /** Sets the 32 bits of the register at {@code offset}, a multiple of 16. */
    public void setRegister(int offset, int value) {
        memory.set(JAVA_INT, checked(offset), value);
    }

    private static long checked(int offset) {
        if (offset % REGISTER_ALIGNMENT != 0) {
            throw new IllegalArgumentException("no APIC register at offset " + offset);
        }
        return offset;
    }
}
