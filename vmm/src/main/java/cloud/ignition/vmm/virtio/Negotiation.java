package cloud.ignition.vmm.virtio;

import static cloud.ignition.vmm.virtio.Virtio.ACKNOWLEDGE;
import static cloud.ignition.vmm.virtio.Virtio.DEVICE_NEEDS_RESET;
import static cloud.ignition.vmm.virtio.Virtio.DRIVER;
import static cloud.ignition.vmm.virtio.Virtio.DRIVER_OK;
import static cloud.ignition.vmm.virtio.Virtio.FAILED;
import static cloud.ignition.vmm.virtio.Virtio.FEATURES_OK;
import static cloud.ignition.vmm.virtio.Virtio.F_VERSION_1;

/**
 * Device status and feature bits: the steps of §3.1.1, one at a time and in their order. A step out of order is
 * ignored, so the driver sees on reading back that it was not taken.
 */
final class Negotiation {
    private final VirtioDevice device;
    private final long offered;

    private int status;
    private int deviceFeaturesSelect;
    private int driverFeaturesSelect;
    private long driverFeatures;

    Negotiation(VirtioDevice device, long offered) {
        this.device = device;
        this.offered = offered;
    }

    int status() {
        return status;
    }

    boolean has(int bit) {
        return (status & bit) != 0;
    }

    /** Whether the device works on its queues. */
    boolean isLive() {
        return has(DRIVER_OK) && !isStuck();
    }

    /** Whether the driver may set up queues: after feature negotiation, before DRIVER_OK. */
    boolean isQueueSetup() {
        return has(FEATURES_OK) && !has(DRIVER_OK) && !isStuck();
    }

    /** Takes one step forward, or ignores what is not the next step. A driver may give up (FAILED) at any time. */
    void advance(int value) {
        int added = value & ~status;
        boolean keepsOthers = (status & ~DEVICE_NEEDS_RESET & ~value) == 0;
        if (!keepsOthers || (isStuck() && added != FAILED)) {
            return;
        }
        boolean allowed = switch (added) {
            case ACKNOWLEDGE, FAILED -> true;
            case DRIVER -> has(ACKNOWLEDGE);
            case FEATURES_OK -> has(DRIVER) && featuresAcceptable(driverFeatures);
            case DRIVER_OK -> has(FEATURES_OK);
            default -> false;
        };
        if (allowed) {
            status |= added;
        }
    }

    void setNeedsReset() {
        status |= DEVICE_NEEDS_RESET;
    }

    void selectDeviceFeatures(int word) {
        deviceFeaturesSelect = word;
    }

    void selectDriverFeatures(int word) {
        driverFeaturesSelect = word;
    }

    int deviceFeatures() {
        return switch (deviceFeaturesSelect) {
            case 0 -> (int) offered;
            case 1 -> (int) (offered >>> 32);
            default -> 0;
        };
    }

    void setDriverFeatures(int word) {
        if (!has(DRIVER) || has(FEATURES_OK) || isStuck()) {
            return;
        }
        long value = Integer.toUnsignedLong(word);
        switch (driverFeaturesSelect) {
            case 0 -> driverFeatures = (driverFeatures & ~0xffff_ffffL) | value;
            case 1 -> driverFeatures = (driverFeatures & 0xffff_ffffL) | (value << 32);
            default -> {} // no features there to choose
        }
    }

    long driverFeatures() {
        return driverFeatures;
    }

    int deviceFeaturesSelect() {
        return deviceFeaturesSelect;
    }

    int driverFeaturesSelect() {
        return driverFeaturesSelect;
    }

    boolean featuresAcceptable(long features) {
        return (features & ~offered) == 0 && (features & F_VERSION_1) != 0 && device.acceptsFeatures(features);
    }

    void reset() {
        status = 0;
        deviceFeaturesSelect = 0;
        driverFeaturesSelect = 0;
        driverFeatures = 0;
    }

    void restore(MmioTransportState state) {
        status = state.status();
        deviceFeaturesSelect = state.deviceFeaturesSelect();
        driverFeaturesSelect = state.driverFeaturesSelect();
        driverFeatures = state.driverFeatures();
    }

    private boolean isStuck() {
        return has(DEVICE_NEEDS_RESET | FAILED);
    }
}
