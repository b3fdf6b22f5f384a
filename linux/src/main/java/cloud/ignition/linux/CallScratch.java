package cloud.ignition.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;

/**
 * Native memory that belongs to one thread, so that a call needs no allocation: where errno is captured, and room for one small
 * argument.
 *
 * <p>A {@link ThreadLocal} and not a carrier-local: a virtual thread that is unmounted between the call and the look at errno
 * still finds its own. The memory goes when the thread goes.
 */
final class CallScratch {
    /** Room for the largest small argument, {@code struct sigaction} with its neighbours. */
    static final long SMALL_BYTES = 256;

    private static final ThreadLocal<CallScratch> CURRENT = ThreadLocal.withInitial(CallScratch::new);

    final MemorySegment errno;
    /** Contents are undefined at the start of every use; no use spans a call to another class. */
    final MemorySegment small;

    private CallScratch() {
        Arena arena = Arena.ofAuto();
        errno = arena.allocate(Linker.Option.captureStateLayout());
        small = arena.allocate(SMALL_BYTES, 16);
    }

    static CallScratch current() {
        return CURRENT.get();
    }
}
