package cloud.ignition.linux.kvm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** View of {@code struct kvm_sregs}: segments, tables and control registers. */
public final class KvmSregs {
    private static final long CS = KvmStructs.offset(KvmStructs.KVM_SREGS, "cs");
    private static final long DS = KvmStructs.offset(KvmStructs.KVM_SREGS, "ds");
    private static final long ES = KvmStructs.offset(KvmStructs.KVM_SREGS, "es");
    private static final long FS = KvmStructs.offset(KvmStructs.KVM_SREGS, "fs");
    private static final long GS = KvmStructs.offset(KvmStructs.KVM_SREGS, "gs");
    private static final long SS = KvmStructs.offset(KvmStructs.KVM_SREGS, "ss");
    private static final long TR = KvmStructs.offset(KvmStructs.KVM_SREGS, "tr");
    private static final long LDT = KvmStructs.offset(KvmStructs.KVM_SREGS, "ldt");
    private static final long GDT = KvmStructs.offset(KvmStructs.KVM_SREGS, "gdt");
    private static final long IDT = KvmStructs.offset(KvmStructs.KVM_SREGS, "idt");
    private static final long CR0 = KvmStructs.offset(KvmStructs.KVM_SREGS, "cr0");
    private static final long CR2 = KvmStructs.offset(KvmStructs.KVM_SREGS, "cr2");
    private static final long CR3 = KvmStructs.offset(KvmStructs.KVM_SREGS, "cr3");
    private static final long CR4 = KvmStructs.offset(KvmStructs.KVM_SREGS, "cr4");
    private static final long CR8 = KvmStructs.offset(KvmStructs.KVM_SREGS, "cr8");
    private static final long EFER = KvmStructs.offset(KvmStructs.KVM_SREGS, "efer");
    private static final long APIC_BASE = KvmStructs.offset(KvmStructs.KVM_SREGS, "apic_base");

    private final MemorySegment memory;

    /** A view of the struct at the start of {@code memory}. */
    public KvmSregs(MemorySegment memory) {
        this.memory = memory.asSlice(0, KvmStructs.KVM_SREGS.byteSize());
    }

    /** A new struct of zeros. */
    public static KvmSregs allocate(Arena arena) {
        return new KvmSregs(arena.allocate(KvmStructs.KVM_SREGS));
    }

    /** The struct itself, for get and set calls. */
    public MemorySegment memory() {
        return memory;
    }

    /** Control register CR0. */
    public long cr0() {
        return memory.get(JAVA_LONG, CR0);
    }

    /** Sets {@link #cr0}. */
    public void setCr0(long value) {
        memory.set(JAVA_LONG, CR0, value);
    }

    /** Control register CR2. */
    public long cr2() {
        return memory.get(JAVA_LONG, CR2);
    }

    /** Sets {@link #cr2}. */
    public void setCr2(long value) {
        memory.set(JAVA_LONG, CR2, value);
    }

    /** Control register CR3. */
    public long cr3() {
        return memory.get(JAVA_LONG, CR3);
    }

    /** Sets {@link #cr3}. */
    public void setCr3(long value) {
        memory.set(JAVA_LONG, CR3, value);
    }

    /** Control register CR4. */
    public long cr4() {
        return memory.get(JAVA_LONG, CR4);
    }

    /** Sets {@link #cr4}. */
    public void setCr4(long value) {
        memory.set(JAVA_LONG, CR4, value);
    }

    /** Control register CR8. */
    public long cr8() {
        return memory.get(JAVA_LONG, CR8);
    }

    /** Sets {@link #cr8}. */
    public void setCr8(long value) {
        memory.set(JAVA_LONG, CR8, value);
    }

    /** MSR IA32_EFER. */
    public long efer() {
        return memory.get(JAVA_LONG, EFER);
    }

    /** Sets {@link #efer}. */
    public void setEfer(long value) {
        memory.set(JAVA_LONG, EFER, value);
    }

    /** MSR IA32_APIC_BASE. */
    public long apicBase() {
        return memory.get(JAVA_LONG, APIC_BASE);
    }

    /** Sets {@link #apicBase}. */
    public void setApicBase(long value) {
        memory.set(JAVA_LONG, APIC_BASE, value);
    }

    /** Segment register CS; changes go into this struct. */
    public KvmSegment cs() {
        return new KvmSegment(memory.asSlice(CS));
    }

    /** Segment register DS; changes go into this struct. */
    public KvmSegment ds() {
        return new KvmSegment(memory.asSlice(DS));
    }

    /** Segment register ES; changes go into this struct. */
    public KvmSegment es() {
        return new KvmSegment(memory.asSlice(ES));
    }

    /** Segment register FS; changes go into this struct. */
    public KvmSegment fs() {
        return new KvmSegment(memory.asSlice(FS));
    }

    /** Segment register GS; changes go into this struct. */
    public KvmSegment gs() {
        return new KvmSegment(memory.asSlice(GS));
    }

    /** Segment register SS; changes go into this struct. */
    public KvmSegment ss() {
        return new KvmSegment(memory.asSlice(SS));
    }

    /** Segment register TR; changes go into this struct. */
    public KvmSegment tr() {
        return new KvmSegment(memory.asSlice(TR));
    }

    /** Segment register LDT; changes go into this struct. */
    public KvmSegment ldt() {
        return new KvmSegment(memory.asSlice(LDT));
    }

    /** Register GDTR; changes go into this struct. */
    public KvmDtable gdt() {
        return new KvmDtable(memory.asSlice(GDT));
    }

    /** Register IDTR; changes go into this struct. */
    public KvmDtable idt() {
        return new KvmDtable(memory.asSlice(IDT));
    }
}
