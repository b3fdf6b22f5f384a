package cloud.ignition.vmm.virtio.console;

/** Where a console's output goes. */
@FunctionalInterface
public interface ConsoleBackend {
    /**
     * Output of the guest, in order, in pieces that mean nothing. On the event loop, with the transport's lock held:
     * return fast.
     *
     * @param bytes the receiver's own; at most {@code Limits.CONSOLE_OUTPUT_PIECE_BYTES}
     */
    void output(byte[] bytes);
}
