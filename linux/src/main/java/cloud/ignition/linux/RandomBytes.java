package cloud.ignition.linux;

import java.lang.foreign.MemorySegment;

/** The kernel's random number generator, see getrandom(2). */
public final class RandomBytes {
    private RandomBytes() {}

    /** Fills the whole segment, which is native memory, with random bytes fit for keys. */
    public static void fill(MemorySegment target) {
        long done = 0;
        while (done < target.byteSize()) {
            MemorySegment rest = target.asSlice(done);
            long r = LibC.getrandom(rest, rest.byteSize(), 0);
            if (r == -Errno.EINTR) {
                continue;
            }
            if (r < 0) {
                throw new LinuxException("getrandom", (int) -r);
            }
            done += r;
        }
    }
}
