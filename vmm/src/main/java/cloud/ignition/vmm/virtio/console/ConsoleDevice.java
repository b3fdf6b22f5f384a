package cloud.ignition.vmm.virtio.console;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.virtio.DeviceControl;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.VirtioDevice;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A console (virtio 1.2 §5.3) with its one port, /dev/hvc0 in the guest: a byte stream each way. */
public final class ConsoleDevice implements VirtioDevice {
    /** How many virtqueues it has. */
    public static final int QUEUES = 2;

    static final int RECEIVE = 0;
    static final int TRANSMIT = 1;

    private final ConsoleBackend backend;
    private final InputBuffer input = new InputBuffer();
    private @Nullable SplitQueue receive;
    private @Nullable SplitQueue transmit;
    private volatile @Nullable DeviceControl control;

    public ConsoleDevice(ConsoleBackend backend) {
        this.backend = backend;
    }

    /**
     * Sends input to the guest. Any thread.
     *
     * @return false when so much input already waits that this does not fit; then nothing of it is sent
     */
    public boolean send(byte[] bytes) {
        if (!input.offer(bytes)) {
            return false;
        }
        requestNotify(RECEIVE); // without a ready driver it is looked at when there is one
        return true;
    }

    @Override
    public int deviceId() {
        return Virtio.ID_CONSOLE;
    }

    @Override
    public long offeredFeatures() {
        return 0;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {Limits.CONSOLE_INPUT_QUEUE_SIZE, Limits.QUEUE_SIZE};
    }

    @Override
    public long readConfig(int offset, int size) {
        return 0; // every field depends on a feature that is not offered
    }

    @Override
    public void activate(long features, List<SplitQueue> queues, DeviceControl deviceControl) {
        receive = queues.get(RECEIVE);
        transmit = queues.get(TRANSMIT);
        control = deviceControl;
    }

    @Override
    public void deactivate() {
        receive = null;
        transmit = null;
        control = null;
    }

    @Override
    public void onNotify(int queue) {
        SplitQueue rx = receive;
        SplitQueue tx = transmit;
        if (queue == RECEIVE && rx != null) {
            deliverInput(rx);
        } else if (queue == TRANSMIT && tx != null) {
            takeOutput(tx);
        }
    }

    /** The device's own state. */
    public ConsoleState save() {
        return new ConsoleState(input.peek(Long.MAX_VALUE));
    }

    /** Takes over a saved state. */
    public void restore(ConsoleState state) {
        input.set(state.pendingInput());
    }

    private void deliverInput(SplitQueue queue) {
        for (int turn = 0; turn < Limits.CONSOLE_INPUT_QUEUE_SIZE; turn++) {
            DescriptorChain chain = input.isEmpty() ? null : queue.next();
            if (chain == null) {
                return;
            }
            if (chain.readableBytes() > 0) {
                throw new GuestLieException("readable descriptor in a console input buffer");
            }
            byte[] bytes = input.peek(chain.writableBytes());
            chain.write(0, MemorySegment.ofArray(bytes));
            input.remove(bytes.length);
            queue.complete(chain.head(), bytes.length);
            queue.publish();
        }
        requestNotify(RECEIVE);
    }

    private void takeOutput(SplitQueue queue) {
        for (int turn = 0; turn < Limits.CHAINS_PER_TURN; turn++) {
            DescriptorChain chain = queue.next();
            if (chain == null) {
                return;
            }
            long length = chain.readableBytes();
            if (chain.writableBytes() > 0 || length > Limits.CONSOLE_REQUEST_BYTES) {
                throw new GuestLieException(
                        "console output of " + length + " readable and " + chain.writableBytes() + " writable bytes");
            }
            for (long done = 0; done < length; ) {
                byte[] piece = new byte[(int) Math.min(length - done, Limits.CONSOLE_OUTPUT_PIECE_BYTES)];
                chain.read(done, MemorySegment.ofArray(piece));
                backend.output(piece);
                done += piece.length;
            }
            queue.complete(chain.head(), 0);
            queue.publish();
        }
        requestNotify(TRANSMIT);
    }

    private void requestNotify(int queue) {
        DeviceControl rest = control;
        if (rest != null) {
            rest.requestNotify(queue);
        }
    }
}
