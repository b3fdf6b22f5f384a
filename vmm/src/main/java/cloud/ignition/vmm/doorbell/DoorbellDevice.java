package cloud.ignition.vmm.doorbell;

import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.bus.BusDevice;
import cloud.ignition.vmm.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * The paravirtual "ignition" device (docs/doorbell.md): eight I/O ports, and one page of guest memory that the guest
 * names once at boot. The page carries the event's details to the machine and generation, wall clock and a fresh seed
 * back to a restored guest.
 *
 * <p>Registers are written by vCPU threads, one at a time per vCPU; {@link #renew} runs while no vCPU does.
 */
public final class DoorbellDevice implements BusDevice {
    /** First I/O port; the guest learns it from the parameter {@code ignition.dev}. */
    public static final int PORT = 0x5a0;

    /** Number of I/O ports. */
    public static final int PORT_COUNT = 8;

    private static final int REGISTER_BELL = 0;
    private static final int REGISTER_PAGE = 4;

    private final GuestMemory memory;
    private final Consumer<Doorbell> onRing;
    private volatile long pageFrame;

    /**
     * A device whose guest has not named its page yet.
     *
     * @param onRing called on the ringing vCPU's thread
     */
    public DoorbellDevice(GuestMemory memory, Consumer<Doorbell> onRing) {
        this.memory = memory;
        this.onRing = onRing;
    }

    /** Parameters that make the guest's driver find the device. */
    public static String kernelParameter() {
        return "ignition.dev=io:0x" + Integer.toHexString(PORT);
    }

    @Override
    public long read(long offset, int size) {
        return -1; // write-only registers: all ones, as from a port nobody decodes
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == REGISTER_BELL && size == 1) {
            ring((int) value & 0xff);
        } else if (offset == REGISTER_PAGE && size == 4) {
            namePage(value & 0xffff_ffffL);
        }
    }

    /** The guest may name a page again (a driver that starts anew); a page outside its memory is ignored. */
    private void namePage(long frame) {
        try {
            MemorySegment page = SharedPage.at(memory, frame);
            if (SharedPage.hasMagic(page)) {
                SharedPage.clearGeneration(page);
                pageFrame = frame;
            }
        } catch (GuestLieException e) {
            // Only the guest itself misses its doorbell's details then.
            pageFrame = 0;
        }
    }

    private void ring(int letter) {
        long frame = pageFrame; // once: another vCPU may name another page meanwhile
        for (Doorbell.Kind kind : Doorbell.Kind.values()) {
            if (kind.letter() == letter) {
                onRing.accept(
                        frame == 0
                                ? new Doorbell(kind, 0, 0, "", 0)
                                : SharedPage.readEvent(SharedPage.at(memory, frame), kind));
                return;
            }
        }
    }

    /**
     * Gives a restored guest its new identity; to be called after the restore and before any vCPU runs.
     *
     * @param generation not 0 and not as before
     * @param realtimeNanos the host's CLOCK_REALTIME
     * @param seed 32 fresh random bytes
     */
    public void renew(long generation, long realtimeNanos, MemorySegment seed) {
        if (pageFrame != 0) {
            SharedPage.writeRenewal(SharedPage.at(memory, pageFrame), generation, realtimeNanos, seed);
        }
    }

    /**
     * Sets a renewed guest's wall clock once more, for as long as the guest has not looked: one store, so that it may come while a
     * vCPU runs already.
     */
    public void refreshWallClock(long realtimeNanos) {
        if (pageFrame != 0) {
            SharedPage.writeWallClock(SharedPage.at(memory, pageFrame), realtimeNanos);
        }
    }

    /**
     * Takes over a saved state.
     *
     * @throws GuestLieException when it names a page outside the memory
     */
    public void restore(DoorbellState state) {
        if (state.pageFrame() != 0) {
            SharedPage.at(memory, state.pageFrame());
        }
        pageFrame = state.pageFrame();
    }

    /**
     * The state to save.
     *
     * @param answering whether the guest stands right behind the doorbell instruction
     */
    public DoorbellState save(boolean answering) {
        return new DoorbellState(pageFrame, answering);
    }
}
