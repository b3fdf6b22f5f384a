package cloud.ignition.vmm.virtio.net;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;

/**
 * What a guest believes of its network device. There are no packets in it: those not received yet stay in the tap,
 * those sent have left.
 *
 * @param mac the guest's address
 */
public record NetState(MacAddress mac) {
    /** Appends this state. */
    public void write(StateWriter out) {
        out.u64(mac.value());
    }

    /** Reads what {@link #write} wrote. */
    public static NetState read(StateReader in) {
        try {
            return new NetState(new MacAddress(in.u64()));
        } catch (IllegalArgumentException e) {
            throw new CorruptStateException("network device has no station address", e);
        }
    }
}
