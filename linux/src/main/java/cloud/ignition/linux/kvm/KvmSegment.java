package cloud.ignition.linux.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** View of {@code struct kvm_segment}: a segment register with its hidden part; see the segment descriptor in the Intel SDM, volume 3, 3.4.5. */
public final class KvmSegment {
    private static final long BASE = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "base");
    private static final long LIMIT = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "limit");
    private static final long SELECTOR = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "selector");
    private static final long TYPE = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "type");
    private static final long PRESENT = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "present");
    private static final long DPL = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "dpl");
    private static final long DB = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "db");
    private static final long S = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "s");
    private static final long L = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "l");
    private static final long G = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "g");
    private static final long AVL = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "avl");
    private static final long UNUSABLE = KvmStructs.offset(KvmStructs.KVM_SEGMENT, "unusable");

    private final MemorySegment memory;

    /** A view of the struct at the start of {@code memory}. */
    public KvmSegment(MemorySegment memory) {
        this.memory = memory.asSlice(0, KvmStructs.KVM_SEGMENT.byteSize());
    }

    /** A new struct of zeros. */
    public static KvmSegment allocate(Arena arena) {
        return new KvmSegment(arena.allocate(KvmStructs.KVM_SEGMENT));
    }

    /** The struct itself, for get and set calls. */
    public MemorySegment memory() {
        return memory;
    }

    /** Linear address of the start. */
    public long base() {
        return memory.get(JAVA_LONG, BASE);
    }

    /** Sets {@link #base}. */
    public void setBase(long value) {
        memory.set(JAVA_LONG, BASE, value);
    }

    /** Last offset in bytes, whatever {@link #g} says. */
    public int limit() {
        return memory.get(JAVA_INT, LIMIT);
    }

    /** Sets {@link #limit}. */
    public void setLimit(int value) {
        memory.set(JAVA_INT, LIMIT, value);
    }

    /** The visible part. */
    public int selector() {
        return Short.toUnsignedInt(memory.get(JAVA_SHORT, SELECTOR));
    }

    /** Sets {@link #selector}. */
    public void setSelector(int value) {
        memory.set(JAVA_SHORT, SELECTOR, (short) value);
    }

    /** Type, 4 bits. */
    public int type() {
        return Byte.toUnsignedInt(memory.get(JAVA_BYTE, TYPE));
    }

    /** Sets {@link #type}. */
    public void setType(int value) {
        memory.set(JAVA_BYTE, TYPE, (byte) value);
    }

    /** 1 when the segment is present. */
    public int present() {
        return Byte.toUnsignedInt(memory.get(JAVA_BYTE, PRESENT));
    }

    /** Sets {@link #present}. */
    public void setPresent(int value) {
        memory.set(JAVA_BYTE, PRESENT, (byte) value);
    }

    /** Privilege level, 0 to 3. */
    public int dpl() {
        return Byte.toUnsignedInt(memory.get(JAVA_BYTE, DPL));
    }

    /** Sets {@link #dpl}. */
    public void setDpl(int value) {
        memory.set(JAVA_BYTE, DPL, (byte) value);
    }

    /** 1 for 32-bit code or stack. */
    public int db() {
        return Byte.toUnsignedInt(memory.get(JAVA_BYTE, DB));
    }

    /** Sets {@link #db}. */
    public void setDb(int value) {
        memory.set(JAVA_BYTE, DB, (byte) value);
    }

    /** 1 for code and data, 0 for system segments. */
    public int s() {
        return Byte.toUnsignedInt(memory.get(JAVA_BYTE, S));
    }

    /** Sets {@link #s}. */
    public void setS(int value) {
        memory.set(JAVA_BYTE, S, (byte) value);
    }

    /** 1 for 64-bit code. */
    public int l() {
        return Byte.toUnsignedInt(memory.get(JAVA_BYTE, L));
    }

    /** Sets {@link #l}. */
    public void setL(int value) {
        memory.set(JAVA_BYTE, L, (byte) value);
    }

    /** 1 when the descriptor counts the limit in pages. */
    public int g() {
        return Byte.toUnsignedInt(memory.get(JAVA_BYTE, G));
    }

    /** Sets {@link #g}. */
    public void setG(int value) {
        memory.set(JAVA_BYTE, G, (byte) value);
    }

    /** The bit that is free for software. */
    public int avl() {
        return Byte.toUnsignedInt(memory.get(JAVA_BYTE, AVL));
    }

    /** Sets {@link #avl}. */
    public void setAvl(int value) {
        memory.set(JAVA_BYTE, AVL, (byte) value);
    }

    /** 1 when a use faults. */
    public int unusable() {
        return Byte.toUnsignedInt(memory.get(JAVA_BYTE, UNUSABLE));
    }

    /** Sets {@link #unusable}. */
    public void setUnusable(int value) {
        memory.set(JAVA_BYTE, UNUSABLE, (byte) value);
    }
}
