package cloud.ignition.vmm.virtio;

import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A device with two queues that completes every request and has one writable configuration byte, for transport tests. */
final class TestDevice implements VirtioDevice {
    static final int ID = 42;
    static final long FEATURE = 1L << 3;
    static final long NEEDS_FEATURE = 1L << 4;
    static final int CONFIG_VALUE = 0x11223344;

    @Nullable
    List<SplitQueue> queues;

    @Nullable
    DeviceControl control;

    long features;
    int activations;
    int configByte = 0x77;
    int notified;
    private final ConfigSpace space = new ConfigSpace(4).u32(0, CONFIG_VALUE);

    DeviceControl requireControl() {
        return Objects.requireNonNull(control);
    }

    @Override
    public int deviceId() {
        return ID;
    }

    @Override
    public long offeredFeatures() {
        return FEATURE | NEEDS_FEATURE;
    }

    @Override
    public boolean acceptsFeatures(long chosen) {
        return (chosen & NEEDS_FEATURE) == 0 || (chosen & FEATURE) != 0;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {16, 8};
    }

    @Override
    public long readConfig(int offset, int size) {
        return offset == 4 && size == 1 ? configByte : space.read(offset, size);
    }

    @Override
    public void writeConfig(int offset, int size, long value) {
        if (offset == 4 && size == 1) {
            configByte = (int) value;
        }
    }

    @Override
    public void activate(long chosen, List<SplitQueue> all, DeviceControl deviceControl) {
        features = chosen;
        queues = all;
        control = deviceControl;
        activations++;
    }

    @Override
    public void deactivate() {
        queues = null;
        control = null;
    }

    @Override
    public void onNotify(int queue) {
        notified++;
        if (queues == null) {
            throw new AssertionError("notified while inactive");
        }
        SplitQueue requests = queues.get(queue);
        for (DescriptorChain chain = requests.next(); chain != null; chain = requests.next()) {
            requests.complete(chain.head(), chain.writableBytes());
            requests.publish();
        }
    }
}
