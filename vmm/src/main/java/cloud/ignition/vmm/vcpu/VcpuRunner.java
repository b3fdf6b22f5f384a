package cloud.ignition.vmm.vcpu;

import cloud.ignition.linux.Clocks;
import cloud.ignition.linux.Errno;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.ThreadKicker;
import cloud.ignition.linux.kvm.KvmConstants;
import cloud.ignition.linux.kvm.KvmRun;
import cloud.ignition.linux.kvm.KvmVcpu;
import cloud.ignition.vmm.MachineExit;
import cloud.ignition.vmm.bus.Bus;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One vCPU on its own platform thread: KVM_RUN, serve the exit on a bus, again. A wish of the {@link VcpuGate} is seen
 * between two entries; {@link #kick} brings a vCPU there.
 */
public final class VcpuRunner {
    private final KvmVcpu vcpu;
    private final KvmRun run;
    private final VcpuGate gate;
    private final Thread thread;
    private volatile @Nullable ThreadKicker kicker;
    private volatile @Nullable RuntimeException failure;

    /** Whom it works for; before that it waits at the gate and meets no exit. Written once, before the gate opens. */
    private Bus ports = new Bus();

    private Bus mmio = new Bus();
    private @Nullable Runnable onNextRun;
    private @Nullable Runnable onNextExit;
    private Consumer<MachineExit> onExit = exit -> {};

    /** A vCPU that works for nobody yet. */
    public VcpuRunner(String name, KvmVcpu vcpu, VcpuGate gate) {
        this.vcpu = vcpu;
        this.run = vcpu.runView();
        this.gate = gate;
        this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::threadMain);
    }

    /** Starts the thread; it waits at the gate first. */
    public void start() {
        thread.start();
    }

    /**
     * Says whom the vCPU works for; before the gate opens.
     *
     * @param answersPorts what the guest reaches by port I/O
     * @param answersMmio what it reaches by MMIO
     * @param atEnd called when this vCPU's exit ends the machine
     */
    public void serve(Bus answersPorts, Bus answersMmio, Consumer<MachineExit> atEnd) {
        ports = answersPorts;
        mmio = answersMmio;
        onExit = atEnd;
    }

    /**
     * Has something done once, on the vCPU's thread; while it waits at the gate.
     *
     * @param run right before the next entry into the guest
     * @param exit when the guest wants something for the next time behind that, before it gets it
     */
    public void onNext(Runnable run, Runnable exit) {
        onNextRun = run;
        onNextExit = exit;
    }

    /**
     * For a vCPU that waits at the gate for its first time, or should.
     *
     * @throws RuntimeException what kept its thread from coming there
     */
    public void requireAlive() {
        RuntimeException why = failure;
        if (why != null) {
            throw why;
        }
    }

    /** Brings the vCPU out of the guest, so that it sees the gate's wish. */
    public void kick() {
        // immediate_exit catches a vCPU that is just about to enter, the signal one that is in the guest.
        run.setImmediateExit(true);
        ThreadKicker known = kicker;
        if (known != null) {
            known.kick();
        }
    }

    /**
     * Time for which the vCPU had something to do, in nanoseconds: CPU time of its thread, guest time included, and time for which it
     * waited for one of the host's CPUs; 0 before its start and after its end.
     */
    public long busyNanos() {
        ThreadKicker known = kicker;
        return known == null || !thread.isAlive()
                ? 0
                : Clocks.threadCpuNanos(known.tid()) + Clocks.threadWaitNanos(known.tid());
    }

    /** The kernel's number of the vCPU's thread, once it has come to the gate; 0 after its end. */
    public int tid() {
        ThreadKicker known = kicker;
        return known == null ? 0 : known.tid();
    }

    /** Brings the vCPU out of the guest and waits for the end of the thread; the gate's wish must be END. */
    public void end() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                kick();
                thread.join();
            } catch (LinuxException e) {
                // The thread must go, so ask again: the kernel refuses signals only while too many are queued.
                Thread.onSpinWait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void threadMain() {
        try {
            kicker = ThreadKicker.current();
            loop();
        } catch (RuntimeException e) {
            failure = e;
            onExit.accept(new MachineExit(MachineExit.Kind.FAILED, "vCPU thread failed: " + e));
            gate.set(VcpuGate.Wish.PAUSE);
        } finally {
            gate.left();
            kicker = null;
        }
    }

    private void loop() {
        boolean first = true;
        while (true) {
            if (gate.wish() != VcpuGate.Wish.RUN) {
                if (!first) {
                    retirePendingExit();
                }
                if (gate.passOrEnd() == VcpuGate.Wish.END) {
                    return;
                }
                if (!mayEnter()) {
                    continue;
                }
            }
            first = false;
            Runnable atRun = onNextRun;
            if (atRun != null) {
                onNextRun = null;
                atRun.run();
            }
            int result = vcpu.run();
            if (result == 0) {
                Runnable atExit = onNextExit;
                if (atExit != null) {
                    onNextExit = null;
                    atExit.run();
                }
                serveExit();
            } else if (result != -Errno.EINTR && result != -Errno.EAGAIN) {
                throw new LinuxException("KVM_RUN", -result);
            } else if (gate.wish() == VcpuGate.Wish.RUN) {
                // A kick that came late: its wish is past, but its flag would keep the vCPU out of the guest for good.
                mayEnter();
            }
        }
    }

    /**
     * Takes a kick's flag away. kick() comes after the wish was set: whoever clears the flag too late must see the wish here. The
     * fence keeps the clearing store from sinking below the load.
     */
    private boolean mayEnter() {
        run.setImmediateExit(false);
        VarHandle.fullFence();
        return gate.wish() == VcpuGate.Wish.RUN;
    }

    /**
     * KVM retires a port or MMIO instruction only when the vCPU is run again; with immediate_exit set that is all it
     * does (Documentation/virt/kvm/api.rst, KVM_RUN). Before a save it must have happened. An instruction of several
     * parts (a string instruction, an access across two pages) comes out once more for each.
     */
    private void retirePendingExit() {
        run.setImmediateExit(true);
        while (vcpu.run() == 0) {
            serveExit();
        }
    }

    private void serveExit() {
        switch (run.exitReason()) {
            case KvmConstants.KVM_EXIT_IO -> servePort();
            case KvmConstants.KVM_EXIT_MMIO -> serveMmio();
            case KvmConstants.KVM_EXIT_INTR, KvmConstants.KVM_EXIT_IRQ_WINDOW_OPEN -> {}
            case KvmConstants.KVM_EXIT_SHUTDOWN -> end(MachineExit.Kind.TRIPLE_FAULT, "a vCPU triple-faulted");
            case KvmConstants.KVM_EXIT_SYSTEM_EVENT -> endBySystemEvent(run.systemEventType());
            case KvmConstants.KVM_EXIT_FAIL_ENTRY ->
                end(
                        MachineExit.Kind.FAILED,
                        "the CPU refused to enter the guest, reason 0x" + Long.toHexString(run.failEntryReason()));
            case KvmConstants.KVM_EXIT_INTERNAL_ERROR ->
                end(MachineExit.Kind.FAILED, "KVM internal error " + run.internalErrorSuberror());
            default -> end(MachineExit.Kind.FAILED, "unexpected KVM exit " + run.exitReason());
        }
    }

    /** Hypercalls of other hypervisors' interfaces, which our guest kernel does not use; another kernel may. */
    private void endBySystemEvent(int type) {
        MachineExit.Kind kind = switch (type) {
            case KvmConstants.KVM_SYSTEM_EVENT_SHUTDOWN -> MachineExit.Kind.POWER_OFF;
            case KvmConstants.KVM_SYSTEM_EVENT_RESET -> MachineExit.Kind.REBOOT;
            case KvmConstants.KVM_SYSTEM_EVENT_CRASH -> MachineExit.Kind.PANIC;
            default -> MachineExit.Kind.FAILED;
        };
        end(kind, "system event " + type);
    }

    private void end(MachineExit.Kind kind, String reason) {
        onExit.accept(new MachineExit(kind, reason));
    }

    private void serveMmio() {
        long address = run.mmioAddress();
        int length = run.mmioLength();
        if (run.mmioIsWrite()) {
            mmio.write(address, length, run.mmioValue());
        } else {
            run.setMmioValue(mmio.read(address, length));
        }
    }

    private void servePort() {
        int port = run.ioPort();
        int size = run.ioSize();
        int count = run.ioCount();
        boolean out = run.ioDirection() == KvmConstants.KVM_EXIT_IO_OUT;
        for (int i = 0; i < count; i++) {
            if (out) {
                ports.write(port, size, run.ioValue(i));
            } else {
                run.setIoValue(i, ports.read(port, size));
            }
        }
    }
}
