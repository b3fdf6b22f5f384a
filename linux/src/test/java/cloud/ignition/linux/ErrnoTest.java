package cloud.ignition.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class ErrnoTest {
    @Test
    void namesAndDescribes() {
        assertThat(Errno.name(Errno.EACCES)).isEqualTo("EACCES");
        assertThat(Errno.message(Errno.EACCES)).isEqualTo("Permission denied");
        assertThat(Errno.name(4711)).isEqualTo("errno 4711");
        assertThat(Errno.message(4711)).isEqualTo("Unknown error");
    }

    @Test
    void everyThreadSeesTheErrnoOfItsOwnCalls() throws Exception {
        // Half of the virtual threads fail with EBADF, half with EINVAL, on few carriers and at once.
        List<Future<Boolean>> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                Fd nul = Fd.open("/dev/null", Fd.O_RDONLY, 0)) {
            for (int i = 0; i < 200; i++) {
                boolean invalid = i % 2 == 0;
                results.add(threads.submit(() -> {
                    try (Arena arena = Arena.ofConfined()) {
                        MemorySegment buffer = arena.allocate(1);
                        for (int round = 0; round < 100; round++) {
                            long r = invalid ? nul.pread(buffer, -1) : nul.write(buffer);
                            if (r != (invalid ? -Errno.EINVAL : -Errno.EBADF)) {
                                return false;
                            }
                            LockSupport.parkNanos(1);
                        }
                        return true;
                    }
                }));
            }
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        }
    }
}
