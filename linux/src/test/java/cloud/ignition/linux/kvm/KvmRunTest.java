package cloud.ignition.linux.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.Kicks;
import cloud.ignition.linux.ThreadKicker;
import java.lang.foreign.Arena;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Real guests of a few 16-bit instructions on this machine's /dev/kvm. */
class KvmRunTest {
    private static final String HLT = "f4";
    private static final String MOV_DX_5A0 = "ba a0 05";

    @Test
    void anOutIsAnExitAndSoIsHlt() {
        String movAlM = "b0 4d";
        String outDxAl = "ee";
        try (TinyGuest guest = TinyGuest.of(MOV_DX_5A0 + movAlM + outDxAl + HLT)) {
            KvmRun run = guest.run;
            assertThat(guest.vcpu.run()).isZero();
            assertThat(run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_IO);
            assertThat(run.ioDirection()).isEqualTo(KvmConstants.KVM_EXIT_IO_OUT);
            assertThat(run.ioPort()).isEqualTo(0x5a0);
            assertThat(run.ioSize()).isEqualTo(1);
            assertThat(run.ioCount()).isEqualTo(1);
            assertThat(run.ioValue(0)).isEqualTo('M');
            assertThat(run.ioData().toArray(JAVA_BYTE)).containsExactly('M');
            assertThatThrownBy(() -> run.ioValue(1)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThat(guest.vcpu.run()).isZero();
            assertThat(run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_HLT);
            assertThat(run).hasToString("kvm_run with exit reason 5");
        }
    }

    @Test
    void anInReadsWhatWeAnswer() {
        String inEaxDx = "66 ed";
        try (TinyGuest guest = TinyGuest.of(MOV_DX_5A0 + inEaxDx + HLT);
                Arena arena = Arena.ofConfined()) {
            assertThat(guest.vcpu.run()).isZero();
            assertThat(guest.run.ioDirection()).isEqualTo(KvmConstants.KVM_EXIT_IO_IN);
            assertThat(guest.run.ioSize()).isEqualTo(4);
            guest.run.setIoValue(0, 0xcafe_8765_4321L);
            assertThat(guest.vcpu.run()).isZero();
            assertThat(guest.run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_HLT);
            assertThat(guest.regs(arena).rax()).isEqualTo(0x8765_4321L);
        }
    }

    @Test
    void stringOutputBringsItsBytesInOrder() {
        // mov si, 0x1010; mov cx, 5; rep outsb; hlt; the text is at 0x1010
        String code = MOV_DX_5A0 + "be 10 10" + "b9 05 00" + "f3 6e" + HLT + "90 90 90 90" + "68 65 6c 6c 6f";
        StringBuilder text = new StringBuilder();
        try (TinyGuest guest = TinyGuest.of(code)) {
            assertThat(guest.vcpu.run()).isZero();
            while (guest.run.exitReason() == KvmConstants.KVM_EXIT_IO && text.length() < 5) {
                assertThat(guest.run.ioData().byteSize()).isEqualTo((long) guest.run.ioCount() * guest.run.ioSize());
                text.append(new String(guest.run.ioData().toArray(JAVA_BYTE), US_ASCII));
                assertThat(guest.vcpu.run()).isZero();
            }
            assertThat(guest.run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_HLT);
        }
        assertThat(text).hasToString("hello");
    }

    @Test
    void memoryWithoutAMemslotIsMmio() {
        // mov bx, 0x2000; mov ds, bx; mov word [0x0004], 0x1234; mov eax, [0x0008]; hlt; ds:4 = 0x20004
        String code = "bb 00 20" + "8e db" + "c7 06 04 00 34 12" + "66 a1 08 00" + HLT;
        try (TinyGuest guest = TinyGuest.of(code);
                Arena arena = Arena.ofConfined()) {
            KvmRun run = guest.run;
            assertThat(guest.vcpu.run()).isZero();
            assertThat(run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_MMIO);
            assertThat(run.mmioIsWrite()).isTrue();
            assertThat(run.mmioAddress()).isEqualTo(0x20004);
            assertThat(run.mmioLength()).isEqualTo(2);
            assertThat(run.mmioValue()).isEqualTo(0x1234);
            assertThat(guest.vcpu.run()).isZero();
            assertThat(run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_MMIO);
            assertThat(run.mmioIsWrite()).isFalse();
            assertThat(run.mmioAddress()).isEqualTo(0x20008);
            assertThat(run.mmioLength()).isEqualTo(4);
            run.setMmioValue(0xdead_beefL);
            assertThat(guest.vcpu.run()).isZero();
            assertThat(run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_HLT);
            assertThat(guest.regs(arena).rax()).isEqualTo(0xdead_beefL);
        }
    }

    @Test
    void immediateExitRetiresTheInstructionAndRunsNoOther() {
        String outDxAl = "ee";
        String incBx = "43";
        try (TinyGuest guest = TinyGuest.of(MOV_DX_5A0 + outDxAl + incBx + HLT);
                Arena arena = Arena.ofConfined()) {
            assertThat(guest.vcpu.run()).isZero();
            guest.run.setImmediateExit(true);
            assertThat(guest.vcpu.run()).isEqualTo(-Errno.EINTR);
            assertThat(guest.regs(arena).rip()).as("behind the OUT").isEqualTo(TinyGuest.CODE_GPA + 4);
            assertThat(guest.regs(arena).rbx()).isZero();
            guest.run.setImmediateExit(false);
            assertThat(guest.vcpu.run()).isZero();
            assertThat(guest.run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_HLT);
            assertThat(guest.regs(arena).rbx()).isEqualTo(1);
        }
    }

    @Test
    void aKickGetsAVcpuOutOfAHaltInTheKernel() throws Exception {
        String cli = "fa";
        kickOut(TinyGuest.withIrqchip(cli + HLT));
    }

    @Test
    void aKickGetsAVcpuOutOfABusyLoop() throws Exception {
        String jumpToItself = "eb fe";
        kickOut(TinyGuest.of(jumpToItself));
    }

    @Test
    void aWriteToAnIoeventfdSignalsItAndIsNoExit() {
        // mov al, 1; out dx, al; mov al, 2; out dx, al; hlt: only the value 1 matches
        String code = MOV_DX_5A0 + "b0 01 ee" + "b0 02 ee" + HLT;
        try (TinyGuest guest = TinyGuest.of(code);
                EventFd event = EventFd.create()) {
            guest.vm.addIoeventfd(event, 0x5a0, 1, OptionalLong.of(1), true);
            assertThat(guest.vcpu.run()).isZero();
            assertThat(guest.run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_IO);
            assertThat(guest.run.ioValue(0)).isEqualTo(2);
            assertThat(event.drain()).isEqualTo(1);
        }
    }

    @Test
    void anMmioIoeventfdSignalsToo() {
        // mov bx, 0x2000; mov ds, bx; mov word [0x0004], 0x1234; hlt
        String code = "bb 00 20" + "8e db" + "c7 06 04 00 34 12" + HLT;
        try (TinyGuest guest = TinyGuest.of(code);
                EventFd event = EventFd.create()) {
            guest.vm.addIoeventfd(event, 0x20004, 2, OptionalLong.empty(), false);
            assertThat(guest.vcpu.run()).isZero();
            assertThat(guest.run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_HLT);
            assertThat(event.drain()).isEqualTo(1);
        }
    }

    @Test
    void aGuestWithoutMemoryToRunFailsWithAReason() {
        // jmp 0x2000:0000, where no memory is
        try (TinyGuest guest = TinyGuest.of("ea 00 00 00 20")) {
            assertThat(guest.vcpu.run()).isZero();
            assertThat(guest.run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_INTERNAL_ERROR);
            assertThat(guest.run.internalErrorSuberror()).isEqualTo(KvmConstants.KVM_INTERNAL_ERROR_EMULATION);
            assertThat(guest.run.internalErrorData().length).isLessThanOrEqualTo(16);
        }
    }

    private static void kickOut(TinyGuest guest) throws Exception {
        try (guest) {
            CompletableFuture<ThreadKicker> kicker = new CompletableFuture<>();
            CompletableFuture<Integer> result = new CompletableFuture<>();
            Thread thread = Thread.ofPlatform().daemon().start(() -> {
                kicker.complete(ThreadKicker.current());
                result.complete(guest.vcpu.run());
            });
            Kicks.until(kicker.get(), result);
            assertThat(result.get()).isEqualTo(-Errno.EINTR);
            thread.join();
        }
    }
}
