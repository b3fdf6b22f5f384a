package cloud.ignition.linux.kvm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** View of {@code struct kvm_regs}: the general registers. */
public final class KvmRegs {
    private static final long RAX = KvmStructs.offset(KvmStructs.KVM_REGS, "rax");
    private static final long RBX = KvmStructs.offset(KvmStructs.KVM_REGS, "rbx");
    private static final long RCX = KvmStructs.offset(KvmStructs.KVM_REGS, "rcx");
    private static final long RDX = KvmStructs.offset(KvmStructs.KVM_REGS, "rdx");
    private static final long RSI = KvmStructs.offset(KvmStructs.KVM_REGS, "rsi");
    private static final long RDI = KvmStructs.offset(KvmStructs.KVM_REGS, "rdi");
    private static final long RSP = KvmStructs.offset(KvmStructs.KVM_REGS, "rsp");
    private static final long RBP = KvmStructs.offset(KvmStructs.KVM_REGS, "rbp");
    private static final long R8 = KvmStructs.offset(KvmStructs.KVM_REGS, "r8");
    private static final long R9 = KvmStructs.offset(KvmStructs.KVM_REGS, "r9");
    private static final long R10 = KvmStructs.offset(KvmStructs.KVM_REGS, "r10");
    private static final long R11 = KvmStructs.offset(KvmStructs.KVM_REGS, "r11");
    private static final long R12 = KvmStructs.offset(KvmStructs.KVM_REGS, "r12");
    private static final long R13 = KvmStructs.offset(KvmStructs.KVM_REGS, "r13");
    private static final long R14 = KvmStructs.offset(KvmStructs.KVM_REGS, "r14");
    private static final long R15 = KvmStructs.offset(KvmStructs.KVM_REGS, "r15");
    private static final long RIP = KvmStructs.offset(KvmStructs.KVM_REGS, "rip");
    private static final long RFLAGS = KvmStructs.offset(KvmStructs.KVM_REGS, "rflags");

    private final MemorySegment memory;

    /** A view of the struct at the start of {@code memory}. */
    public KvmRegs(MemorySegment memory) {
        this.memory = memory.asSlice(0, KvmStructs.KVM_REGS.byteSize());
    }

    /** A new struct of zeros. */
    public static KvmRegs allocate(Arena arena) {
        return new KvmRegs(arena.allocate(KvmStructs.KVM_REGS));
    }

    /** The struct itself, for get and set calls. */
    public MemorySegment memory() {
        return memory;
    }

    /** Register RAX. */
    public long rax() {
        return memory.get(JAVA_LONG, RAX);
    }

    /** Sets {@link #rax}. */
    public void setRax(long value) {
        memory.set(JAVA_LONG, RAX, value);
    }

    /** Register RBX. */
    public long rbx() {
        return memory.get(JAVA_LONG, RBX);
    }

    /** Sets {@link #rbx}. */
    public void setRbx(long value) {
        memory.set(JAVA_LONG, RBX, value);
    }

    /** Register RCX. */
    public long rcx() {
        return memory.get(JAVA_LONG, RCX);
    }

    /** Sets {@link #rcx}. */
    public void setRcx(long value) {
        memory.set(JAVA_LONG, RCX, value);
    }

    /** Register RDX. */
    public long rdx() {
        return memory.get(JAVA_LONG, RDX);
    }

    /** Sets {@link #rdx}. */
    public void setRdx(long value) {
        memory.set(JAVA_LONG, RDX, value);
    }

    /** Register RSI. */
    public long rsi() {
        return memory.get(JAVA_LONG, RSI);
    }

    /** Sets {@link #rsi}. */
    public void setRsi(long value) {
        memory.set(JAVA_LONG, RSI, value);
    }

    /** Register RDI. */
    public long rdi() {
        return memory.get(JAVA_LONG, RDI);
    }

    /** Sets {@link #rdi}. */
    public void setRdi(long value) {
        memory.set(JAVA_LONG, RDI, value);
    }

    /** Register RSP. */
    public long rsp() {
        return memory.get(JAVA_LONG, RSP);
    }

    /** Sets {@link #rsp}. */
    public void setRsp(long value) {
        memory.set(JAVA_LONG, RSP, value);
    }

    /** Register RBP. */
    public long rbp() {
        return memory.get(JAVA_LONG, RBP);
    }

    /** Sets {@link #rbp}. */
    public void setRbp(long value) {
        memory.set(JAVA_LONG, RBP, value);
    }

    /** Register R8. */
    public long r8() {
        return memory.get(JAVA_LONG, R8);
    }

    /** Sets {@link #r8}. */
    public void setR8(long value) {
        memory.set(JAVA_LONG, R8, value);
    }

    /** Register R9. */
    public long r9() {
        return memory.get(JAVA_LONG, R9);
    }

    /** Sets {@link #r9}. */
    public void setR9(long value) {
        memory.set(JAVA_LONG, R9, value);
    }

    /** Register R10. */
    public long r10() {
        return memory.get(JAVA_LONG, R10);
    }

    /** Sets {@link #r10}. */
    public void setR10(long value) {
        memory.set(JAVA_LONG, R10, value);
    }

    /** Register R11. */
    public long r11() {
        return memory.get(JAVA_LONG, R11);
    }

    /** Sets {@link #r11}. */
    public void setR11(long value) {
        memory.set(JAVA_LONG, R11, value);
    }

    /** Register R12. */
    public long r12() {
        return memory.get(JAVA_LONG, R12);
    }

    /** Sets {@link #r12}. */
    public void setR12(long value) {
        memory.set(JAVA_LONG, R12, value);
    }

    /** Register R13. */
    public long r13() {
        return memory.get(JAVA_LONG, R13);
    }

    /** Sets {@link #r13}. */
    public void setR13(long value) {
        memory.set(JAVA_LONG, R13, value);
    }

    /** Register R14. */
    public long r14() {
        return memory.get(JAVA_LONG, R14);
    }

    /** Sets {@link #r14}. */
    public void setR14(long value) {
        memory.set(JAVA_LONG, R14, value);
    }

    /** Register R15. */
    public long r15() {
        return memory.get(JAVA_LONG, R15);
    }

    /** Sets {@link #r15}. */
    public void setR15(long value) {
        memory.set(JAVA_LONG, R15, value);
    }

    /** Register RIP. */
    public long rip() {
        return memory.get(JAVA_LONG, RIP);
    }

    /** Sets {@link #rip}. */
    public void setRip(long value) {
        memory.set(JAVA_LONG, RIP, value);
    }

    /** Register RFLAGS. */
    public long rflags() {
        return memory.get(JAVA_LONG, RFLAGS);
    }

    /** Sets {@link #rflags}. */
    public void setRflags(long value) {
        memory.set(JAVA_LONG, RFLAGS, value);
    }
}
