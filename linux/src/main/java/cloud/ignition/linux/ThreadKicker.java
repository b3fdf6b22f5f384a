package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Gets one platform thread out of a blocking system call: the call returns {@code EINTR}.
 *
 * <p>A real-time signal is sent to just that thread. Its handler is a C function without effects, for a Java method must not be a
 * signal handler; it is installed without {@code SA_RESTART}, so that the call ends. A kick that comes when the thread is not in a
 * call is lost: whoever waits for KVM_RUN to end sets {@code immediate_exit} before.
 */
public final class ThreadKicker {
    /** {@code SIGRTMIN + 6}: the C library keeps 32 and 33 for itself, the JVM uses none of the real-time signals. */
    static final int SIGNAL = 40;

    static final int SIG_UNBLOCK = 1;
    private static final long SIG_DFL = 0;

    /** {@code int abs(int)} is called with the signal's number and computes something nobody looks at. */
    private static final long HANDLER = Downcall.address("abs").address();

    private static final long SA_HANDLER = Structs.offset(Structs.SIGACTION, "sa_handler");
    private static final int PID = (int) ProcessHandle.current().pid();

    private static boolean installed;

    private final int tid;

    private ThreadKicker(int tid) {
        this.tid = tid;
    }

    /**
     * Installs the signal handler of the process; a second call does nothing.
     *
     * @throws IllegalStateException when somebody else in this process uses the signal
     */
    public static synchronized void installOnce() {
        if (installed) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(Structs.SIGACTION);
            LinuxException.check(LibC.sigaction(SIGNAL, MemorySegment.NULL, action), "sigaction");
            long before = action.get(JAVA_LONG, SA_HANDLER);
            if (before != SIG_DFL && before != HANDLER) {
                throw new IllegalStateException("signal " + SIGNAL + " has a handler of somebody else");
            }
            action.fill((byte) 0);
            action.set(JAVA_LONG, SA_HANDLER, HANDLER);
            LinuxException.check(LibC.sigaction(SIGNAL, action, MemorySegment.NULL), "sigaction");
        }
        installed = true;
    }

    /** The kicker of the calling thread, which must be a platform thread; also opens its signal mask for the kick. */
    public static ThreadKicker current() {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("only a platform thread can be kicked");
        }
        installOnce();
        MemorySegment set = CallScratch.current().small.fill((byte) 0);
        set.set(JAVA_LONG, 0, 1L << (SIGNAL - 1));
        int error = LibC.pthreadSigmask(SIG_UNBLOCK, set, MemorySegment.NULL);
        if (error != 0) {
            throw new LinuxException("pthread_sigmask", error);
        }
        return new ThreadKicker(LinuxException.check(LibC.gettid(), "gettid"));
    }

    /** Interrupts the thread's blocking call; does nothing when the thread has ended. */
    public void kick() {
        int r = LibC.tgkill(PID, tid, SIGNAL);
        if (r < 0 && r != -Errno.ESRCH) {
            throw new LinuxException("tgkill " + tid, -r);
        }
    }

    /** The kernel's number of the thread, see gettid(2). */
    public int tid() {
        return tid;
    }

    @Override
    public String toString() {
        return "thread " + tid;
    }
}
