package cloud.ignition.vmm.virtio.net;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A network interface's own counters in sysfs, opened at the first look and kept open. What the host received on a tap the guest has sent, and
 * a frame counts as the host's transmission when somebody takes it out of the tap. Thread-safe.
 */
public final class TapCounters implements AutoCloseable {
    /** In the order of {@link FrameCounts}. */
    private static final List<String> FILES = List.of("tx_packets", "rx_packets", "tx_bytes", "rx_bytes");

    /** Longest number of 64 bits, and the line's end. */
    private static final int NUMBER_BYTES = 21;

    private final String statistics;
    private final List<Fd> files = new ArrayList<>();
    private final MemorySegment text = Arena.ofAuto().allocate(NUMBER_BYTES);
    private boolean closed;

    /** @param interfaceName of a network interface of this host */
    public TapCounters(String interfaceName) {
        statistics = "/sys/class/net/" + interfaceName + "/statistics/";
    }

    /** What the interface counted so far; empty when it is gone, or its counters cannot be read now. */
    public synchronized Optional<FrameCounts> read() {
        if (closed) {
            return Optional.empty();
        }
        try {
            if (files.isEmpty()) {
                open();
            }
            return Optional.of(new FrameCounts(
                    number(files.get(0)), number(files.get(1)), number(files.get(2)), number(files.get(3))));
        } catch (LinuxException e) {
            return Optional.empty(); // a figure, not worth more than the machine
        }
    }

    private void open() {
        try {
            for (String file : FILES) {
                files.add(Fd.open(statistics + file, Fd.O_RDONLY, 0));
            }
        } catch (LinuxException e) {
            closeFiles();
            throw e;
        }
    }

    private long number(Fd file) {
        long length = file.pread(text, 0);
        if (length < 0) {
            throw new LinuxException("read " + file.what(), (int) -length);
        }
        long value = 0;
        for (long i = 0; i < length; i++) {
            int digit = text.get(JAVA_BYTE, i) - '0';
            if (digit < 0 || digit > 9) {
                break;
            }
            value = value * 10 + digit;
        }
        if (length == 0) {
            throw new LinuxException("read " + file.what(), Errno.EIO);
        }
        return value;
    }

    private void closeFiles() {
        Closing closing = new Closing().thenEach(files, Fd::close);
        files.clear();
        closing.orThrow();
    }

    @Override
    public synchronized void close() {
        closed = true;
        closeFiles();
    }
}
