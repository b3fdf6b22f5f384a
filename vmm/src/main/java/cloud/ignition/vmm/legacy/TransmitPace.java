package cloud.ignition.vmm.legacy;

/**
 * When a burst of bytes has left the transmitter, which in truth takes them at once. Linux's driver writes a FIFO full of bytes in its
 * interrupt handler, and the next interrupt says that they have left. Were it raised at once, a vCPU of a host that is slow at exits
 * would never come out of the handler for as long as another vCPU has more to print: everything else that is to run there starves,
 * the kernel's timers among it, and it reports an RCU stall. So a burst takes as long as at 115,200 baud, and at least as long
 * again as it took to write it: half of the vCPU's time is its own, on every host.
 */
final class TransmitPace {
    /** Ten bits at 115,200 baud. */
    static final long BYTE_NANOS = 86_806;

    private boolean underWay;
    private long first;
    private long last;
    private long bytes;

    /**
     * One byte more.
     *
     * @param now CLOCK_MONOTONIC, nanoseconds
     * @return whether it begins a burst
     */
    boolean add(long now) {
        boolean begins = !underWay;
        if (begins) {
            underWay = true;
            first = now;
            bytes = 0;
        }
        last = now;
        bytes++;
        return begins;
    }

    /** Whether bytes have not left yet. */
    boolean isUnderWay() {
        return underWay;
    }

    /** How long until the last of them has left, nanoseconds; 0 or less when it has. */
    long remaining(long now) {
        return last + Math.max(bytes * BYTE_NANOS, last - first) - now;
    }

    /** They have left. */
    void end() {
        underWay = false;
    }
}
