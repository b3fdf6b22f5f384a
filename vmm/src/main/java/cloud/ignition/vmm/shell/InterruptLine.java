package cloud.ignition.vmm.shell;

import cloud.ignition.linux.kvm.KvmVm;
import cloud.ignition.vmm.bus.Interrupt;

/**
 * An edge-triggered interrupt line of a machine, raised by this process: the edge is in the interrupt chips when {@link #raise}
 * returns, and a save behind it has it. A signal to an irqfd of such a line would only wake a worker of the kernel that raises it: two
 * changes of threads in the way of each interrupt, and no telling when it comes.
 */
public final class InterruptLine implements Interrupt {
    private final KvmVm vm;
    private final int gsi;

    InterruptLine(KvmVm vm, int gsi) {
        this.vm = vm;
        this.gsi = gsi;
    }

    /** From any thread. One at a time: an edge that comes while the line is still high would be none. */
    @Override
    public synchronized void raise() {
        vm.irqLine(gsi, true);
        vm.irqLine(gsi, false);
    }
}
