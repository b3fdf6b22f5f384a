package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** The kernel's clocks, see clock_gettime(2). */
public final class Clocks {
    static final int CLOCK_REALTIME = 0;
    static final int CLOCK_MONOTONIC = 1;

    private static final long SECONDS = Structs.offset(Structs.TIMESPEC, "tv_sec");
    private static final long NANOS = Structs.offset(Structs.TIMESPEC, "tv_nsec");
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    /** Bits of a thread's CPU clock id, see {@code CPUCLOCK_PERTHREAD_MASK} and {@code CPUCLOCK_SCHED} of {@code linux/posix-timers.h}. */
    private static final int THREAD_CPU_CLOCK = 4 | 2;

    /** {@code PID_MAX_LIMIT} of the kernel: threads have lower numbers. */
    private static final int PID_MAX_LIMIT = 1 << 22;

    private Clocks() {}

    /** Nanoseconds of {@code CLOCK_MONOTONIC}. */
    public static long monotonicNanos() {
        return nanos(CLOCK_MONOTONIC);
    }

    /** Nanoseconds since 1970-01-01T00:00Z. */
    public static long realtimeNanos() {
        return nanos(CLOCK_REALTIME);
    }

    /**
     * CPU time that a thread of this process has used, in user space, kernel and guest together.
     *
     * @param tid as of gettid(2)
     * @return nanoseconds
     * @throws LinuxException EINVAL when the process has no such thread
     */
    public static long threadCpuNanos(int tid) {
        if (tid <= 0 || tid > PID_MAX_LIMIT) {
            throw new IllegalArgumentException("not the number of a thread: " + tid);
        }
        long nanos = nanos(~tid << 3 | THREAD_CPU_CLOCK);
        if (nanos < 0) {
            throw new LinuxException("clock_gettime thread " + tid, (int) -nanos);
        }
        return nanos;
    }

    /**
     * Time for which a thread of this process was ready to run but had to wait for a CPU; the second number of its schedstat
     * (Documentation/scheduler/sched-stats.rst). Reads /proc, so it is not for a hot path.
     *
     * @param tid as of gettid(2)
     * @return nanoseconds; 0 when the kernel does not count it, or there is no such thread (any more)
     */
    public static long threadWaitNanos(int tid) {
        try {
            String[] numbers = Files.readString(Path.of("/proc/self/task/" + tid + "/schedstat"))
                    .strip()
                    .split(" ", -1);
            return numbers.length < 2 ? 0 : Long.parseLong(numbers[1]);
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }

    /** Nanoseconds, or {@code -errno}. */
    private static long nanos(int clock) {
        MemorySegment timespec = CallScratch.current().small;
        int r = LibC.clockGettime(clock, timespec);
        return r < 0 ? r : timespec.get(JAVA_LONG, SECONDS) * NANOS_PER_SECOND + timespec.get(JAVA_LONG, NANOS);
    }
}
