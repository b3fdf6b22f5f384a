package cloud.ignition.vmm.shell;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.Tap;
import cloud.ignition.linux.VhostNet;
import cloud.ignition.linux.kvm.KvmVm;
import cloud.ignition.vmm.event.EventLoop;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.net.KernelQueues;
import cloud.ignition.vmm.virtio.queue.SplitQueue;

/**
 * The host's vhost-net in a machine's place for a network card, as far as it can be made before there is a machine: its thread in the kernel, the
 * guest's memory, and the lines of the place. The guest's kicks wake it straight from KVM, and it raises the place's interrupt line itself, by an irqfd.
 */
public final class VhostQueues implements AutoCloseable {
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;

    private final VhostNet vhost;
    private final EventFd error;
    private final EventFd call;
    private final long features;

    /** Written once, before the event loop runs for the first time. */
    private Runnable onError = () -> {};

    private VhostQueues(VhostNet vhost, EventFd error, EventFd call) {
        this.vhost = vhost;
        this.error = error;
        this.call = call;
        features = vhost.features();
    }

    /**
     * Makes it.
     *
     * @throws cloud.ignition.linux.LinuxException when the host has none or refuses; nothing is left behind then
     */
    static VhostQueues open(KvmVm vm, GuestMemory memory, SlotEvents slot, EventLoop loop) {
        VhostNet vhost = VhostNet.open();
        try {
            EventFd error = EventFd.create();
            try {
                return open(vhost, error, vm, memory, slot, loop);
            } catch (RuntimeException e) {
                throw new Closing().then(error::close).because(e);
            }
        } catch (RuntimeException e) {
            throw new Closing().then(vhost::close).because(e);
        }
    }

    private static VhostQueues open(
            VhostNet vhost, EventFd error, KvmVm vm, GuestMemory memory, SlotEvents slot, EventLoop loop) {
        EventFd call = EventFd.create();
        try {
            VhostQueues queues = new VhostQueues(vhost, error, call);
            queues.wire(memory, slot, loop);
            vm.addIrqfd(call, slot.line());
            slot.raiseBy(call);
            return queues;
        } catch (RuntimeException e) {
            throw new Closing().then(call::close).because(e);
        }
    }

    private void wire(GuestMemory memory, SlotEvents slot, EventLoop loop) {
        vhost.setMemory(memory.regions().stream()
                .map(region -> new VhostNet.Region(
                        region.gpa(), region.host().byteSize(), region.host().address()))
                .toList());
        for (int queue = RECEIVE; queue <= TRANSMIT; queue++) {
            vhost.setKick(queue, slot.kicks().get(queue));
            vhost.setCall(queue, call);
            vhost.setError(queue, error);
        }
        loop.watch(error.fd(), Epoll.IN, events -> {
            error.drain();
            onError.run();
        });
    }

    /** Says who is told, on the event loop, that the guest's queues are not as a driver makes them; before the loop runs for the first time. */
    public void onError(Runnable handler) {
        onError = handler;
    }

    /** Features of virtio, besides others, that the kernel knows. */
    long features() {
        return features;
    }

    /** Serves both queues; neither when this throws. */
    void start(Tap tap, long negotiated, SplitQueue.Rings receive, SplitQueue.Rings transmit) {
        error.drain();
        vhost.setFeatures(negotiated);
        prepare(RECEIVE, receive);
        prepare(TRANSMIT, transmit);
        vhost.setBackend(RECEIVE, tap);
        try {
            vhost.setBackend(TRANSMIT, tap);
        } catch (RuntimeException e) {
            throw new Closing().then(() -> vhost.clearBackend(RECEIVE)).because(e);
        }
    }

    private void prepare(int queue, SplitQueue.Rings rings) {
        vhost.setSize(queue, rings.size());
        vhost.setBase(queue, rings.nextAvail());
        vhost.setAddresses(queue, rings.descriptors(), rings.avail(), rings.used());
    }

    /** Leaves both queues. */
    KernelQueues.Stand stop() {
        new Closing()
                .then(() -> vhost.clearBackend(RECEIVE))
                .then(() -> vhost.clearBackend(TRANSMIT))
                .orThrow();
        return new KernelQueues.Stand(vhost.base(RECEIVE), vhost.base(TRANSMIT));
    }

    /** Ends the thread in the kernel. */
    @Override
    public void close() {
        new Closing().then(vhost::close).then(error::close).then(call::close).orThrow();
    }
}
