package cloud.ignition.vmm.virtio.balloon;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;

/**
 * A balloon's own state, in pages of 4096 bytes. Which pages the guest has given up is not part of it: they are zeroes in
 * the machine's memory, and the guest's driver knows which they are.
 *
 * @param targetPages the size its owner wants
 * @param announcedPages the size the driver was told (num_pages)
 * @param actualPages the size the driver says it has (actual)
 */
public record BalloonState(long targetPages, long announcedPages, long actualPages) {
    private static final long MAX_PAGES = 0xffff_ffffL;

    public BalloonState {
        requireU32("target", targetPages);
        requireU32("announced size", announcedPages);
        requireU32("size", actualPages);
    }

    private static void requireU32(String what, long pages) {
        CorruptStateException.require(pages >= 0 && pages <= MAX_PAGES, "balloon's " + what + " is " + pages);
    }

    /** Appends this state. */
    public void write(StateWriter out) {
        out.u32((int) targetPages).u32((int) announcedPages).u32((int) actualPages);
    }

    /** Reads what {@link #write} wrote. */
    public static BalloonState read(StateReader in) {
        return new BalloonState(
                Integer.toUnsignedLong(in.u32()), Integer.toUnsignedLong(in.u32()), Integer.toUnsignedLong(in.u32()));
    }
}
