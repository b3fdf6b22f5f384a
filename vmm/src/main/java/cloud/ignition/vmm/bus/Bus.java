package cloud.ignition.vmm.bus;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Port or MMIO space. An access that no window holds completely reads all ones and writes nowhere, as on a real bus.
 * So does one of 3, 5, 6 or 7 bytes: KVM makes such parts of an access that crosses a page border, and no register here
 * lies across one. Windows are added before the first vCPU runs; accesses come from any thread.
 */
public final class Bus {
    private record Window(long base, long length, BusDevice device) {
        boolean holds(long address, int size) {
            long offset = address - base;
            return Long.compareUnsigned(offset, length) < 0 && size <= length - offset;
        }

        boolean overlaps(Window other) {
            return base < other.base + other.length && other.base < base + length;
        }
    }

    private volatile Window[] windows = {};

    /**
     * Adds a device.
     *
     * @param base first address of its window
     * @param length of the window, in bytes
     * @throws IllegalArgumentException when the window is empty, wraps around or overlaps another
     */
    public synchronized void add(long base, long length, BusDevice device) {
        if (base < 0 || length <= 0 || base + length < 0) {
            throw new IllegalArgumentException("bus window of " + length + " bytes at " + base);
        }
        Window added = new Window(base, length, device);
        for (Window window : windows) {
            if (window.overlaps(added)) {
                throw new IllegalArgumentException("bus window at 0x" + Long.toHexString(base) + " overlaps another");
            }
        }
        Window[] more = Arrays.copyOf(windows, windows.length + 1);
        more[windows.length] = added;
        windows = more;
    }

    /**
     * A read by the guest.
     *
     * @param size 1 to 8
     * @return the value in the low {@code size} bytes, the others zero
     */
    public long read(long address, int size) {
        Window window = find(address, size);
        long value = window == null ? -1L : window.device.read(address - window.base, size);
        return value & mask(size);
    }

    /**
     * A write by the guest.
     *
     * @param size 1 to 8
     */
    public void write(long address, int size, long value) {
        Window window = find(address, size);
        if (window != null) {
            window.device.write(address - window.base, size, value & mask(size));
        }
    }

    private @Nullable Window find(long address, int size) {
        if (Integer.bitCount(size) != 1) {
            return null;
        }
        for (Window window : windows) {
            if (window.holds(address, size)) {
                return window;
            }
        }
        return null;
    }

    private static long mask(int size) {
        if (size < 1 || size > Long.BYTES) {
            throw new IllegalArgumentException("bus access of " + size + " bytes");
        }
        return -1L >>> (Long.SIZE - size * Byte.SIZE);
    }
}
