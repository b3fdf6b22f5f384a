package cloud.ignition.linux.kvm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** View of {@code struct kvm_dtable}: GDTR or IDTR. */
public final class KvmDtable {
    private static final long BASE = KvmStructs.offset(KvmStructs.KVM_DTABLE, "base");
    private static final long LIMIT = KvmStructs.offset(KvmStructs.KVM_DTABLE, "limit");

    private final MemorySegment memory;

    /** A view of the struct at the start of {@code memory}. */
    public KvmDtable(MemorySegment memory) {
        this.memory = memory.asSlice(0, KvmStructs.KVM_DTABLE.byteSize());
    }

    /** A new struct of zeros. */
    public static KvmDtable allocate(Arena arena) {
        return new KvmDtable(arena.allocate(KvmStructs.KVM_DTABLE));
    }

    /** The struct itself, for get and set calls. */
    public MemorySegment memory() {
        return memory;
    }

    /** Linear address of the table. */
    public long base() {
        return memory.get(JAVA_LONG, BASE);
    }

    /** Sets {@link #base}. */
    public void setBase(long value) {
        memory.set(JAVA_LONG, BASE, value);
    }

    /** Last byte of the table. */
    public int limit() {
        return Short.toUnsignedInt(memory.get(JAVA_SHORT, LIMIT));
    }

    /** Sets {@link #limit}. */
    public void setLimit(int value) {
        memory.set(JAVA_SHORT, LIMIT, (short) value);
    }
}
