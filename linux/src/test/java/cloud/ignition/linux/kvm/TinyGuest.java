package cloud.ignition.linux.kvm;

import cloud.ignition.linux.Mmap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/** A VM with 64 KiB of memory and one vCPU in 16-bit real mode that is about to run a few given instructions. */
final class TinyGuest implements AutoCloseable {
    static final long MEMORY_BYTES = 0x10000;
    static final int CODE_GPA = 0x1000;

    final Kvm kvm = Kvm.open();
    final KvmVm vm = kvm.createVm();
    final Mmap memory = Mmap.anonymous(MEMORY_BYTES);
    final KvmVcpu vcpu;
    final KvmRun run;

    /** Without an irqchip, so that HLT is an exit. {@code code} is hexadecimal, blanks are for the reader. */
    static TinyGuest of(String code) {
        return new TinyGuest(code, false);
    }

    /** With irqchip and PIT, so that HLT waits inside KVM_RUN. */
    static TinyGuest withIrqchip(String code) {
        return new TinyGuest(code, true);
    }

    /** Puts other instructions into a guest that has not run. */
    static void load(TinyGuest guest, String code) {
        byte[] bytes = HexFormat.of().parseHex(code.replace(" ", ""));
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, guest.memory.segment(), CODE_GPA, bytes.length);
    }

    private TinyGuest(String code, boolean irqchip) {
        load(this, code);
        vm.setUserMemoryRegion(0, 0, 0, MEMORY_BYTES, memory.address());
        vm.setTssAddress(0xfffbd000L);
        vm.setIdentityMapAddress(0xfffbc000L);
        if (irqchip) {
            vm.createIrqchip();
            vm.createPit2(KvmConstants.KVM_PIT_SPEAKER_DUMMY);
        }
        vcpu = vm.createVcpu(0);
        run = vcpu.runView();
        vcpu.setCpuid(kvm.supportedCpuid());
        try (Arena arena = Arena.ofConfined()) {
            KvmSregs sregs = KvmSregs.allocate(arena);
            vcpu.get(KvmVcpuState.SREGS, sregs.memory());
            sregs.cs().setBase(0);
            sregs.cs().setSelector(0);
            vcpu.set(KvmVcpuState.SREGS, sregs.memory());
            KvmRegs regs = KvmRegs.allocate(arena);
            regs.setRip(CODE_GPA);
            regs.setRflags(2);
            vcpu.set(KvmVcpuState.REGS, regs.memory());
        }
    }

    /** The general registers as they are now. */
    KvmRegs regs(Arena arena) {
        KvmRegs regs = KvmRegs.allocate(arena);
        vcpu.get(KvmVcpuState.REGS, regs.memory());
        return regs;
    }

    @Override
    public void close() {
        vcpu.close();
        vm.close();
        kvm.close();
        memory.close();
    }
}
