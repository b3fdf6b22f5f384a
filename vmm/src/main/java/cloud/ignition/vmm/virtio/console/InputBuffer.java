package cloud.ignition.vmm.virtio.console;

import cloud.ignition.vmm.virtio.Limits;
import java.util.Arrays;

/** Console input that waits for the guest: bounded, filled by any thread, nearly always short or empty. */
final class InputBuffer {
    private byte[] bytes = {};

    /** Appends all of it, or nothing when it does not fit. */
    synchronized boolean offer(byte[] added) {
        if (added.length > Limits.CONSOLE_INPUT_BYTES - bytes.length) {
            return false;
        }
        int before = bytes.length;
        bytes = Arrays.copyOf(bytes, before + added.length);
        System.arraycopy(added, 0, bytes, before, added.length);
        return true;
    }

    /** The first bytes, at most {@code max}; they stay. */
    synchronized byte[] peek(long max) {
        return Arrays.copyOf(bytes, (int) Math.min(max, bytes.length));
    }

    synchronized void remove(int count) {
        bytes = Arrays.copyOfRange(bytes, count, bytes.length);
    }

    synchronized boolean isEmpty() {
        return bytes.length == 0;
    }

    synchronized void set(byte[] content) {
        bytes = content.clone();
    }
}
