package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/** The read side that eventfd and timerfd share: eight bytes that are taken and become 0. */
final class Counters {
    private Counters() {}

    static long drain(Fd fd) {
        MemorySegment count = CallScratch.current().small.asSlice(0, JAVA_LONG.byteSize());
        long r = fd.read(count);
        if (r == -Errno.EAGAIN) {
            return 0;
        }
        if (r < 0) {
            throw new LinuxException("read " + fd.what(), (int) -r);
        }
        return count.get(JAVA_LONG, 0);
    }
}
