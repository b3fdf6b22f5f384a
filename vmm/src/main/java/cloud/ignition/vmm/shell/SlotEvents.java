package cloud.ignition.vmm.shell;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.kvm.KvmVm;
import cloud.ignition.vmm.bus.Interrupt;
import cloud.ignition.vmm.event.EventLoop;
import cloud.ignition.vmm.memory.RamLayout;
import cloud.ignition.vmm.virtio.MmioTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.IntConsumer;

/**
 * One virtio device's place of a machine as KVM has it: an MMIO window, an interrupt line, and one ioeventfd per
 * queue, watched by the machine's event loop. Which device comes there is said later, by {@link #onKick}.
 */
public final class SlotEvents implements AutoCloseable {
    /**
     * The interrupt lines that devices get, in order: ISA lines that the MP table wires and that neither the serial
     * port (4), the doorbell (5), the PIT, KVM's RTC special case (8) nor the FPU (13) has.
     */
    private static final int[] LINES = {6, 7, 9, 10, 11, 12, 14, 15, 3};

    /** Most devices of one machine. */
    static final int MAX_SLOTS = LINES.length;

    /** Each kick is an event of its own, so that the count need not be read and is not: a system call less per kick. */
    private static final int KICKED = Epoll.IN | Epoll.ET;

    private final int index;
    private Interrupt interrupt;
    private boolean raisesLate;
    private final List<EventFd> kicks = new ArrayList<>();
    private final List<EventLoop.Watch> watches = new ArrayList<>();

    /** Written once, before the event loop runs for the first time. */
    private IntConsumer onKick = queue -> {};

    /**
     * @param index its place, 0 to {@link #MAX_SLOTS} - 1
     * @param queues how many virtqueues it has
     * @throws cloud.ignition.linux.LinuxException when the host refuses; nothing is left then but in KVM, where it goes with the VM
     */
    SlotEvents(KvmVm vm, EventLoop loop, int index, int queues) {
        this.index = index;
        interrupt = new InterruptLine(vm, line());
        try {
            for (int queue = 0; queue < queues; queue++) {
                EventFd kick = EventFd.create();
                kicks.add(kick);
                vm.addIoeventfd(kick, window() + MmioTransport.QUEUE_NOTIFY_OFFSET, 4, OptionalLong.of(queue), false);
                watch(loop, kick, queue);
            }
        } catch (RuntimeException e) {
            throw new Closing().then(this::close).because(e);
        }
    }

    private void watch(EventLoop loop, EventFd kick, int queue) {
        watches.add(loop.watch(kick.fd(), KICKED, events -> onKick.accept(queue)));
    }

    /** Has kicks of a queue told from now on, as at first, or not; those of before are forgotten. Any thread. */
    public void watchKicks(int queue, boolean on) {
        kicks.get(queue).drain();
        watches.get(queue).interest(on ? KICKED : 0);
    }

    /** Guest-physical address of the window, inside the hole that the RAM layout leaves. */
    public long window() {
        return RamLayout.HOLE_START + (long) index * MmioTransport.WINDOW_BYTES;
    }

    /** The interrupt line's number, a GSI. */
    public int line() {
        return LINES[index];
    }

    /** Raises the line. */
    public Interrupt interrupt() {
        return interrupt;
    }

    /** Whether an edge may come after {@link #interrupt} says that it raised the line. */
    public boolean raisesLate() {
        return raisesLate;
    }

    /**
     * Has the line raised by an irqfd, by all: two that do not know of each other could make one edge of two. Before the machine has
     * a device here.
     */
    void raiseBy(EventFd irqfd) {
        interrupt = irqfd::signal;
        raisesLate = true;
    }

    /** What the guest signals when it kicks, by queue. */
    public List<EventFd> kicks() {
        return kicks;
    }

    /** Says who is told of kicks, on the event loop; before the loop runs for the first time. */
    public void onKick(IntConsumer handler) {
        onKick = handler;
    }

    /** Ioeventfds hold on to the eventfds' files until the VM is closed. */
    @Override
    public void close() {
        new Closing().thenEach(kicks, EventFd::close).orThrow();
    }
}
