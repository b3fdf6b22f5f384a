package cloud.ignition.vmm.virtio.net;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;

/**
 * What a guest believes of its network device. There are no packets in it: those not received yet stay in the tap,
 * those sent have left.
 *
 * @param mac the guest's address
 * @param announcing whether the guest is asked to announce itself and has not said yet that it has
 */
public record NetState(MacAddress mac, boolean announcing) {
    /** Appends this state. */
    public void write(StateWriter out) {
        out.u64(mac.value()).bool(announcing);
    }

    /** Reads what {@link #write} wrote. */
    public static NetState read(StateReader in) {
        try {
            return new NetState(new MacAddress(in.u64()), in.bool());
        } catch (IllegalArgumentException e) {
            throw new CorruptStateException("network device has no station address", e);
        }
    }
}
