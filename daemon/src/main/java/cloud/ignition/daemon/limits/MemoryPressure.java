package cloud.ignition.daemon.limits;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Hears from the kernel that tasks of this host wait for memory (PSI, Documentation/accounting/psi.rst): the kernel reports at most
 * once in each window in which they waited long enough. A thread of its own waits for it.
 */
public final class MemoryPressure implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(MemoryPressure.class.getName());
    private static final String FILE = "proc/pressure/memory";

    /** Some task waits 10 % of the time, over 2 s: windows that are no multiple of 2 s need a capability. */
    private static final String TRIGGER = "some 200000 2000000";

    private static final long STOP = 0;
    private static final long PRESSURE = 1;

    private final Fd file;
    private final EventFd stop = EventFd.create();
    private final Epoll epoll = Epoll.create();
    private final Thread thread;

    private MemoryPressure(Fd file, Runnable onPressure) {
        this.file = file;
        try {
            epoll.add(stop.fd(), Epoll.IN, STOP);
            epoll.add(file, Epoll.PRI, PRESSURE);
        } catch (RuntimeException e) {
            throw new Closing().then(epoll::close).then(stop::close).because(e);
        }
        thread = Thread.ofPlatform().name("memory-pressure").daemon(true).start(() -> loop(onPressure));
    }

    /**
     * Waits from now on.
     *
     * @param root the root of the file systems, {@code /}
     * @param onPressure called on the thread that waits
     * @return nothing, and a line in the log, when this kernel does not tell
     */
    public static Optional<MemoryPressure> watch(Path root, Runnable onPressure) {
        String path = root.resolve(FILE).toString();
        try {
            Fd file = Fd.open(path, Fd.O_RDWR | Fd.O_NONBLOCK, 0);
            try {
                arm(file);
                return Optional.of(new MemoryPressure(file, onPressure));
            } catch (RuntimeException e) {
                throw new Closing().then(file::close).because(e);
            }
        } catch (LinuxException e) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "this kernel does not tell when memory is short (" + e.getMessage()
                            + "): apps leave standby when their time is over, not earlier");
            return Optional.empty();
        }
    }

    private static void arm(Fd file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment trigger = arena.allocateFrom(TRIGGER);
            LinuxException.check(Math.toIntExact(file.write(trigger)), "write " + file.what());
        }
    }

    private void loop(Runnable onPressure) {
        Epoll.Events events = new Epoll.Events(2);
        while (true) {
            int count = epoll.await(events, -1);
            for (int i = 0; i < count; i++) {
                if (events.token(i) == STOP) {
                    return;
                }
                if ((events.events(i) & Epoll.ERR) != 0) {
                    epoll.remove(file); // the kernel took the trigger away; it would report this for ever
                } else {
                    tell(onPressure);
                }
            }
        }
    }

    private static void tell(Runnable onPressure) {
        try {
            onPressure.run();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "memory is short", e);
        }
    }

    @Override
    public void close() {
        stop.signal();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        new Closing().then(epoll::close).then(stop::close).then(file::close).orThrow();
    }
}
