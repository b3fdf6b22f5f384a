package cloud.ignition.vmm.shell;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.TimerFd;
import cloud.ignition.linux.kvm.KvmVm;
import cloud.ignition.vmm.event.EventLoop;

/** The serial port's place of a machine: its interrupt line (irqfd), and a timer that the machine's event loop watches. */
public final class SerialEvents implements AutoCloseable {
    /** A PC's first serial port. */
    private static final int LINE = 4;

    private final EventFd interrupt = EventFd.create();
    private final TimerFd timer;

    /** Written once, before the event loop runs for the first time. */
    private Runnable onTimer = () -> {};

    /**
     * @throws cloud.ignition.linux.LinuxException when the host refuses; nothing is left then but in KVM, where it goes with the VM
     */
    SerialEvents(KvmVm vm, EventLoop loop) {
        try {
            vm.addIrqfd(interrupt, LINE);
            timer = TimerFd.create();
        } catch (RuntimeException e) {
            throw new Closing().then(interrupt::close).because(e);
        }
        try {
            loop.watch(timer.fd(), Epoll.IN, events -> {
                if (timer.drain() > 0) {
                    onTimer.run();
                }
            });
        } catch (RuntimeException e) {
            throw new Closing().then(this::close).because(e);
        }
    }

    /** A signal is an edge on the line. */
    public EventFd interrupt() {
        return interrupt;
    }

    /** Fires on the event loop; may be set on any thread. */
    public TimerFd timer() {
        return timer;
    }

    /** Says who is told when the timer fires; before the loop runs for the first time. */
    public void onTimer(Runnable handler) {
        onTimer = handler;
    }

    @Override
    public void close() {
        new Closing().then(interrupt::close).then(timer::close).orThrow();
    }
}
