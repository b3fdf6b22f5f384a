package cloud.ignition.vmm.virtio;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.queue.QueueState;
import java.util.List;

/**
 * The state of an {@link MmioTransport}: everything of a virtio device that is not special to its kind.
 *
 * @param deviceId of the device behind it
 * @param status device status (§2.1)
 * @param deviceFeaturesSelect last written word selector
 * @param driverFeaturesSelect last written word selector
 * @param driverFeatures what the driver chose so far
 * @param queueSelect last written queue index, any 32-bit value
 * @param interruptStatus bits not acknowledged yet; the interrupt is raised again on restore
 * @param configGeneration ConfigGeneration register
 * @param interruptWord guest-physical address of the driver's interrupt word, 0 without; any value until DRIVER_OK
 * @param queues one for each queue
 */
public record MmioTransportState(
        int deviceId,
        int status,
        int deviceFeaturesSelect,
        int driverFeaturesSelect,
        long driverFeatures,
        int queueSelect,
        int interruptStatus,
        int configGeneration,
        long interruptWord,
        List<QueueState> queues) {
    private static final int INTERRUPT_BITS = Virtio.INTERRUPT_USED_BUFFER | Virtio.INTERRUPT_CONFIG_CHANGE;

    private static final int MAX_DEVICE_ID = 63;

    public MmioTransportState {
        queues = List.copyOf(queues);
        CorruptStateException.require(deviceId > 0 && deviceId <= MAX_DEVICE_ID, "virtio device " + deviceId);
        int steps = status & ~Virtio.DEVICE_NEEDS_RESET & ~Virtio.FAILED;
        CorruptStateException.require(
                steps == 0 || steps == 1 || steps == 3 || steps == 0xb || steps == 0xf, "virtio status " + status);
        CorruptStateException.require((interruptStatus & ~INTERRUPT_BITS) == 0, "interrupt status " + interruptStatus);
        CorruptStateException.require(queues.size() <= Limits.QUEUES, queues.size() + " queues");
        CorruptStateException.require(
                (status & Virtio.DRIVER) != 0 || driverFeatures == 0, "features without a driver that chose them");
        CorruptStateException.require(
                (status & Virtio.FEATURES_OK) == 0 || (driverFeatures & Virtio.F_VERSION_1) != 0,
                "a driver of legacy virtio");
        CorruptStateException.require(
                (status & Virtio.FEATURES_OK) != 0 || interruptWord == 0, "interrupt word in status " + status);
        boolean mayBeReady = (status & Virtio.FEATURES_OK) != 0;
        CorruptStateException.require(
                mayBeReady || queues.stream().noneMatch(QueueState::ready), "queue ready in status " + status);
    }

    /** Appends this state. */
    public void write(StateWriter out) {
        out.u32(deviceId).u8(status).u32(deviceFeaturesSelect).u32(driverFeaturesSelect);
        out.u64(driverFeatures).u32(queueSelect).u8(interruptStatus).u32(configGeneration);
        out.u64(interruptWord);
        out.list(queues, QueueState::write);
    }

    /** Reads what {@link #write} wrote. */
    public static MmioTransportState read(StateReader in) {
        return new MmioTransportState(
                in.u32(),
                in.u8(),
                in.u32(),
                in.u32(),
                in.u64(),
                in.u32(),
                in.u8(),
                in.u32(),
                in.u64(),
                in.list(Limits.QUEUES, QueueState::read));
    }
}
