package cloud.ignition.vmm.shell;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.TimerFd;
import cloud.ignition.linux.kvm.KvmVm;
import cloud.ignition.vmm.bus.Interrupt;
import cloud.ignition.vmm.event.EventLoop;

/** The serial port's place of a machine: its interrupt line, and a timer that the machine's event loop watches. */
public final class SerialEvents implements AutoCloseable {
    /** A PC's first serial port. */
    private static final int LINE = 4;

    private final Interrupt interrupt;
    private final TimerFd timer = TimerFd.create();

    /** Written once, before the event loop runs for the first time. */
    private Runnable onTimer = () -> {};

    /**
     * @throws cloud.ignition.linux.LinuxException when the host refuses; nothing is left then
     */
    SerialEvents(KvmVm vm, EventLoop loop) {
        interrupt = new InterruptLine(vm, LINE);
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

    /** Raises the line. */
    public Interrupt interrupt() {
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
        timer.close();
    }
}
