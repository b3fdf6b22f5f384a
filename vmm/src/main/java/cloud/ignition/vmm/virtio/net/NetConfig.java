package cloud.ignition.vmm.virtio.net;

import cloud.ignition.vmm.NetRate;
import java.net.InetAddress;
import java.util.List;

/**
 * What a network device is.
 *
 * @param mac the guest's address; frames of another source are not sent
 * @param addresses the IP addresses the guest may send from, besides its link-local one; empty: not looked at
 * @param rate of each direction
 * @param announceRestored whether a guest that is restored is asked to announce itself to its neighbours (§5.1.6.5.4): when
 *     it comes up where nobody knows its address. A machine that comes back to its own tap is known there; its
 *     announcement would only be traffic.
 */
public record NetConfig(MacAddress mac, List<InetAddress> addresses, NetRate rate, boolean announceRestored) {
    public NetConfig {
        addresses = List.copyOf(addresses);
    }

    /** A device with any IP address and no limit. */
    public NetConfig(MacAddress mac) {
        this(mac, List.of(), NetRate.UNLIMITED, false);
    }
}
