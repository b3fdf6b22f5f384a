package cloud.ignition.vmm;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.vmm.event.EventLoop;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.shell.SlotEvents;
import cloud.ignition.vmm.virtio.MmioTransport;
import cloud.ignition.vmm.virtio.TransportHost;
import cloud.ignition.vmm.virtio.VirtioDevice;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One virtio device in its place of a machine: its registers, its lines in KVM, and the event loop that serves both. */
final class DeviceSlot implements AutoCloseable {
    private final SlotEvents events;
    private final MmioTransport transport;
    private EventLoop.@Nullable Watch backendWatch;
    private @Nullable Runnable nextKick;

    /**
     * @param onFailure told when the device waits for a reset, one line
     */
    DeviceSlot(SlotEvents events, GuestMemory memory, EventLoop loop, VirtioDevice device, Consumer<String> onFailure) {
        this.events = events;
        transport = new MmioTransport(device, memory, new Host(onFailure));
        try {
            if (transport.queueCount() != events.kicks().size()) {
                throw new IllegalStateException("a device with " + transport.queueCount() + " queues in a place for "
                        + events.kicks().size());
            }
            events.onKick(this::kicked);
            transport.timerFd().ifPresent(fd -> loop.watch(fd, Epoll.IN, ready -> transport.onTimer()));
            transport.backendFd().ifPresent(fd -> backendWatch = loop.watch(fd, 0, this::backendReady));
        } catch (RuntimeException e) {
            throw new Closing().then(transport::close).because(e);
        }
    }

    /** Has something done once, on the event loop, when the guest kicks next; while the loop is parked. */
    void onNextKick(Runnable action) {
        nextKick = action;
    }

    private void kicked(int queue) {
        Runnable action = nextKick;
        if (action != null) {
            nextKick = null;
            action.run();
        }
        transport.onKick(queue);
    }

    private void backendReady(int ready) {
        if ((ready & Epoll.OUT) != 0) {
            transport.onBackendWritable();
        }
        if ((ready & ~Epoll.OUT) != 0) {
            transport.onBackendReadable();
        }
    }

    /** The kernel parameter that announces the device. */
    String kernelParameter() {
        return "virtio_mmio.device=4K@0x" + Long.toHexString(events.window()) + ":" + events.line();
    }

    long window() {
        return events.window();
    }

    MmioTransport transport() {
        return transport;
    }

    /** Works off what the driver has kicked already, and waits for what is under way; on the event loop's thread. */
    void drain() {
        for (int queue = 0; queue < events.kicks().size(); queue++) {
            if (events.kicks().get(queue).drain() != 0) {
                transport.onNotify(queue);
            }
        }
        transport.drain();
    }

    /** The lines stay: they are the shell's. */
    @Override
    public void close() {
        transport.close();
    }

    /** What the transport asks of the machine. */
    private final class Host implements TransportHost {
        private final Consumer<String> onFailure;

        Host(Consumer<String> onFailure) {
            this.onFailure = onFailure;
        }

        @Override
        public void raise() {
            events.interrupt().raise();
        }

        @Override
        public boolean raisesLate() {
            return events.raisesLate();
        }

        @Override
        public void requestNotify(int queue) {
            events.kicks().get(queue).signal();
        }

        @Override
        public void watchKicks(int queue, boolean on) {
            events.watchKicks(queue, on);
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
