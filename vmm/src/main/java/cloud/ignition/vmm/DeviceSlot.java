package cloud.ignition.vmm;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.kvm.KvmVm;
import cloud.ignition.vmm.event.EventLoop;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.memory.RamLayout;
import cloud.ignition.vmm.virtio.MmioTransport;
import cloud.ignition.vmm.virtio.TransportHost;
import cloud.ignition.vmm.virtio.VirtioDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One virtio device in its place of a machine: an MMIO window, an interrupt line (irqfd), one ioeventfd per queue, and
 * the event loop that serves them.
 */
final class DeviceSlot implements AutoCloseable {
    /** Where the first window is; the others follow. Inside the hole that the RAM layout leaves. */
    static final long FIRST_WINDOW = RamLayout.HOLE_START;

    /**
     * The interrupt lines that devices get, in order: ISA lines that the MP table wires and that neither the serial
     * port (4), the doorbell (5), the PIT, KVM's RTC special case (8) nor the FPU (13) has.
     */
    private static final int[] LINES = {6, 7, 9, 10, 11, 12, 14, 15, 3};

    /** Most devices of one machine. */
    static final int MAX_DEVICES = LINES.length;

    private final long window;
    private final int line;
    private final EventFd interrupt;
    private final List<EventFd> kicks = new ArrayList<>();
    private final MmioTransport transport;
    private EventLoop.@Nullable Watch backendWatch;

    /**
     * @param index its place, 0 to {@link #MAX_DEVICES} - 1
     * @param onFailure told when the device waits for a reset, one line
     */
    DeviceSlot(
            KvmVm vm, GuestMemory memory, EventLoop loop, int index, VirtioDevice device, Consumer<String> onFailure) {
        window = FIRST_WINDOW + (long) index * MmioTransport.WINDOW_BYTES;
        line = LINES[index];
        transport = new MmioTransport(device, memory, new Host(onFailure));
        try {
            interrupt = EventFd.create();
        } catch (RuntimeException e) {
            throw new Closing().then(transport::close).because(e);
        }
        try {
            vm.addIrqfd(interrupt, line);
            for (int queue = 0; queue < transport.queueCount(); queue++) {
                EventFd kick = EventFd.create();
                kicks.add(kick);
                vm.addIoeventfd(kick, window + MmioTransport.QUEUE_NOTIFY_OFFSET, 4, OptionalLong.of(queue), false);
                watchKick(loop, kick, queue);
            }
            transport.timerFd().ifPresent(fd -> loop.watch(fd, Epoll.IN, events -> transport.onTimer()));
            transport.backendFd().ifPresent(fd -> backendWatch = loop.watch(fd, 0, this::backendReady));
        } catch (RuntimeException e) {
            throw new Closing().then(this::close).because(e);
        }
    }

    private void watchKick(EventLoop loop, EventFd kick, int queue) {
        loop.watch(kick.fd(), Epoll.IN, events -> {
            kick.drain();
            transport.onNotify(queue);
        });
    }

    private void backendReady(int events) {
        if ((events & Epoll.OUT) != 0) {
            transport.onBackendWritable();
        }
        if ((events & ~Epoll.OUT) != 0) {
            transport.onBackendReadable();
        }
    }

    /** The kernel parameter that announces the device. */
    String kernelParameter() {
        return "virtio_mmio.device=4K@0x" + Long.toHexString(window) + ":" + line;
    }

    long window() {
        return window;
    }

    MmioTransport transport() {
        return transport;
    }

    /** Works off what the driver has kicked already, and waits for what is under way; on the event loop's thread. */
    void drain() {
        for (int queue = 0; queue < kicks.size(); queue++) {
            if (kicks.get(queue).drain() != 0) {
                transport.onNotify(queue);
            }
        }
        transport.drain();
    }

    @Override
    public void close() {
        // The irqfd and ioeventfds hold on to the eventfds' files until the VM is closed, which happens soon.
        new Closing()
                .then(interrupt::close)
                .thenEach(kicks, EventFd::close)
                .then(transport::close)
                .orThrow();
    }

    /** What the transport asks of the machine. */
    private final class Host implements TransportHost {
        private final Consumer<String> onFailure;

        Host(Consumer<String> onFailure) {
            this.onFailure = onFailure;
        }

        @Override
        public void raise() {
            interrupt.signal();
        }

        @Override
        public void requestNotify(int queue) {
            kicks.get(queue).signal();
        }

        @Override
        public void watchBackend(int epollEvents) {
            EventLoop.Watch watch = backendWatch;
            if (watch != null) {
                watch.interest(epollEvents);
            }
        }

        @Override
        public void deviceNeedsReset(String reason) {
            onFailure.accept(reason);
        }
    }
}
