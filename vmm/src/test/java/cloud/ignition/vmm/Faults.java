package cloud.ignition.vmm;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.fault.CallFilter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Notes every call into the C library by the way it was reached, and refuses one of them. A way is the stack of Ignition's own
 * frames: unlike a number it is the same in every run, whatever the machine's threads do at the same time.
 */
final class Faults implements CallFilter.Rule, AutoCloseable {
    /** No system calls: they name errors, in the middle of reporting one. */
    private static final Set<String> NOT_CALLS = Set.of("strerrorname_np", "strerrordesc_np");

    private static final int[] ERRORS = {Errno.ENOMEM, Errno.EIO, Errno.EMFILE, Errno.ENOSPC};
    private static final String OURS = "cloud.ignition.";

    /** Between a call and who makes it: the wrapper, and this class. */
    private static final List<String> BETWEEN = List.of("linux.fault", "linux.Downcall", "linux.LibC", "vmm.Faults");

    /** Methods of the test, below which a machine's life begins. */
    private static final List<String> BELOW = List.of("every", "refuse", "plan");

    private static final StackWalker WALKER = StackWalker.getInstance();

    /**
     * One call to refuse.
     *
     * @param way function and stack, innermost first
     * @param occurrence which time the way is gone, from 1
     */
    record Fault(List<String> way, int occurrence) {
        String function() {
            return way.getFirst();
        }

        @Override
        public String toString() {
            return occurrence + ". time of " + String.join(" < ", way);
        }
    }

    private final List<Fault> wanted;
    private final int errno;
    private final Map<List<String>, Integer> seen = new HashMap<>();
    private int refused;

    private Faults(List<Fault> wanted) {
        this.wanted = wanted;
        errno = ERRORS[Math.floorMod(wanted.hashCode(), ERRORS.length)];
        CallFilter.set(this);
    }

    /** Only notes. */
    static Faults none() {
        return new Faults(List.of());
    }

    /** Refuses these calls. */
    static Faults of(List<Fault> faults) {
        return new Faults(faults);
    }

    @Override
    public int refuse(String function) {
        if (NOT_CALLS.contains(function)) {
            return 0;
        }
        List<String> way = way(function);
        synchronized (this) {
            int occurrence = seen.merge(way, 1, Integer::sum);
            if (!wanted.contains(new Fault(way, occurrence))) {
                return 0;
            }
            refused++;
            return errno;
        }
    }

    private static List<String> way(String function) {
        return WALKER.walk(frames -> Stream.concat(
                        Stream.of(function),
                        frames.filter(frame -> isOurs(frame.getClassName()))
                                // Down to the step of a machine's life, so that it does not matter who wants one.
                                .takeWhile(frame -> !isBelow(frame))
                                .map(frame -> frame.getClassName() + "." + frame.getMethodName() + ":"
                                        + frame.getLineNumber()))
                .toList());
    }

    private static boolean isOurs(String name) {
        return name.startsWith(OURS) && BETWEEN.stream().noneMatch(prefix -> name.startsWith(prefix, OURS.length()));
    }

    private static boolean isBelow(StackWalker.StackFrame frame) {
        return frame.getClassName().equals(FaultInjectionTest.class.getName())
                && BELOW.stream().anyMatch(frame.getMethodName()::startsWith);
    }

    /** Whether all wanted calls came and were refused. */
    synchronized boolean refused() {
        return refused == wanted.size();
    }

    /**
     * All calls that were seen, as faults to try.
     *
     * @param most times that one way is refused
     */
    synchronized List<Fault> seen(int most) {
        Map<String, Fault> all = new TreeMap<>();
        seen.forEach((way, count) -> {
            for (int occurrence = 1; occurrence <= Math.min(count, most); occurrence++) {
                Fault fault = new Fault(way, occurrence);
                all.put(fault.toString(), fault);
            }
        });
        return new ArrayList<>(all.values());
    }

    @Override
    public void close() {
        CallFilter.clear();
    }
}
