package cloud.ignition.vmm.legacy;

import cloud.ignition.vmm.bus.BusDevice;

/**
 * Port 0x64 of the PC keyboard controller, of which only the reset line exists: a guest that reboots writes 0xfe.
 * Reads are zero (input buffer empty), so that the guest's wait for the controller ends at once.
 */
public final class ResetPort implements BusDevice {
    /** The I/O port. */
    public static final int PORT = 0x64;

    /** Length of the window, in ports. */
    public static final int LENGTH = 1;

    private static final int PULSE_RESET_LINE = 0xfe;

    private final Runnable onReset;

    /** @param onReset called on the vCPU thread that asks for the reset */
    public ResetPort(Runnable onReset) {
        this.onReset = onReset;
    }

    @Override
    public long read(long offset, int size) {
        return 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == 0 && (value & 0xff) == PULSE_RESET_LINE) {
            onReset.run();
        }
    }
}
