package cloud.ignition.vmm.virtio.net;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.TimerFd;
import cloud.ignition.vmm.virtio.DeviceControl;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import org.jspecify.annotations.Nullable;

/**
 * A network device's queue pair in the hands of {@link KernelQueues}: gives it away and takes it back, and finds out meanwhile whether there is
 * traffic. Frames are not seen; that there are any shows in the tap's counters. They are looked at {@link Limits#NET_LOOK_NANOS} behind a kick or
 * the first frame in the tap, and again and again until nothing came in between. With the transport's lock held but for {@link #look}.
 */
final class KernelService {
    private static final System.Logger LOG = System.getLogger(KernelService.class.getName());

    private final KernelQueues kernel;
    private final NetActivity activity;
    private final TimerFd timer;
    private @Nullable Serving serving;
    private boolean refused;
    private boolean awaitsTraffic;

    private record Serving(SplitQueue receive, SplitQueue transmit, DeviceControl control) {}

    /** @param timer fires when {@link #onTimer} is due; stays its owner's */
    KernelService(KernelQueues kernel, NetActivity activity, TimerFd timer) {
        this.kernel = kernel;
        this.activity = activity;
        this.timer = timer;
    }

    /** Whether the kernel has the queues now. */
    boolean isServing() {
        return serving != null;
    }

    /** Whether the kernel could have the queues, but has them not. */
    boolean isDue(long features, SplitQueue receive, SplitQueue transmit) {
        return serving == null && !refused && kernel.serves(features) && receive.isReady() && transmit.isReady();
    }

    /** Gives the queues to the kernel, when that {@link #isDue}; chains taken from them have been given back. It may refuse. */
    void start(long features, SplitQueue receive, SplitQueue transmit, DeviceControl control) {
        try {
            kernel.start(features & KernelQueues.PASSED_ON, receive.rings(), transmit.rings());
        } catch (LinuxException e) {
            refused = true;
            LOG.log(System.Logger.Level.WARNING, "the kernel does not serve a network device, this process does", e);
            return;
        }
        serving = new Serving(receive, transmit, control);
        receive.handOver();
        transmit.handOver();
        control.interruptedByKernel(true);
        timer.setNanos(Limits.NET_LOOK_NANOS);
    }

    /** Takes the queues back, as far as the kernel came with them. */
    void stop() {
        Serving ending = serving;
        if (ending == null) {
            return;
        }
        KernelQueues.Stand stand = kernel.stop();
        serving = null;
        awaitsTraffic = false;
        timer.disarm();
        ending.receive().takeBack(stand.receive());
        ending.transmit().takeBack(stand.transmit());
        ending.control().interruptedByKernel(false);
        ending.control().watchKicks(NetDevice.RECEIVE, true);
        ending.control().watchKicks(NetDevice.TRANSMIT, true);
    }

    /** The driver has reset the device: what the kernel refused before it may do now. */
    void reset() {
        refused = false;
    }

    /** The driver's kick of a queue that the kernel has, and woke by it; more need not be told. */
    void onKick(int queue) {
        if (queue == NetDevice.TRANSMIT) {
            activity.handedOver();
            trafficBegins();
        } else if (serving != null) {
            serving.control().watchKicks(queue, false);
        }
    }

    /** A kick or the tap told of a frame: from now on time tells of more. */
    void trafficBegins() {
        if (serving != null) {
            serving.control().watchKicks(NetDevice.TRANSMIT, false);
        }
        if (awaitsTraffic) {
            awaitsTraffic = false;
            timer.setNanos(Limits.NET_LOOK_NANOS);
        }
    }

    /** The timer has fired. */
    void onTimer() {
        if (serving == null) {
            return;
        }
        if (look()) {
            timer.setNanos(Limits.NET_LOOK_NANOS);
            return;
        }
        awaitsTraffic = true;
        serving.control().watchKicks(NetDevice.TRANSMIT, true);
        if (look()) { // it came before the kick was watched
            trafficBegins();
        }
    }

    /** What to watch the tap for: frames are the kernel's to take, but one that comes is worth to know. */
    int interest() {
        return awaitsTraffic ? Epoll.IN | Epoll.ET : 0;
    }

    /** Whether frames went through since the last look; any thread. */
    boolean look() {
        return kernel.counts().map(activity::look).orElse(false);
    }

    /** Leaves the tap to its owner; the queues are nobody's any more. */
    void close() {
        Closing closing = new Closing();
        if (serving != null) {
            serving = null;
            closing.then(kernel::stop);
        }
        closing.then(kernel::close).orThrow();
    }
}
