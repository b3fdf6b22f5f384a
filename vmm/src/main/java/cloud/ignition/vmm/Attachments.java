package cloud.ignition.vmm;

import cloud.ignition.linux.Tap;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The host's resources behind a machine's devices.
 *
 * @param disks block devices in the guest's order (vda, vdb …)
 * @param net the network device, if the machine has one
 * @param vsock the host's side of the socket device, if the machine has one; stays the caller's: it is not closed with the
 *     machine, so that connections live on in the next one
 */
public record Attachments(List<Disk> disks, Optional<Net> net, Optional<VsockHub> vsock) {
    /**
     * @throws IllegalArgumentException when there are more disks than {@link Limits#MAX_DISKS}
     */
    public Attachments {
        disks = List.copyOf(disks);
        if (disks.size() > Limits.MAX_DISKS) {
            throw new IllegalArgumentException(disks.size() + " disks are more than " + Limits.MAX_DISKS);
        }
    }

    /** A file that is the guest's block device. */
    public record Disk(Path file, boolean readOnly) {}

    /**
     * The guest's end of a tap device.
     *
     * @param tap stays the caller's: it is not closed with the machine, so that packets go on queueing in it
     * @param mac six bytes, the guest's address; frames it sends with another source are dropped, as are VLAN-tagged ones
     * @param addresses IP addresses that the guest may send from, besides its IPv6 link-local address; IP packets from others
     *     and other protocols are dropped. Empty: not looked at
     * @param rate what each direction may carry; frames over it wait in the tap and in the guest
     * @param announce whether the guest announces itself to its neighbours (gratuitous ARP, unsolicited neighbour
     *     advertisements) after a restore; needed only where its MAC address is not known yet on its network
     * @param vhost whether the host's kernel may move the frames itself (vhost-net), where it can and there is no limit. Nobody in this process
     *     looks at frames then: the owner has seen to it that the tap takes those only that {@code mac} and {@code addresses} allow, or does not
     *     care
     */
    public record Net(Tap tap, byte[] mac, List<InetAddress> addresses, NetRate rate, boolean announce, boolean vhost) {
        /**
         * @throws IllegalArgumentException when the address has not six bytes
         */
        public Net {
            mac = mac.clone();
            addresses = List.copyOf(addresses);
            if (mac.length != 6) {
                throw new IllegalArgumentException("a MAC address has 6 bytes, not " + mac.length);
            }
        }

        /** With any IP address, without a limit, and without an announcement. */
        public Net(Tap tap, byte[] mac) {
            this(tap, mac, List.of(), NetRate.UNLIMITED, false);
        }

        /** Every frame goes through this process. */
        public Net(Tap tap, byte[] mac, List<InetAddress> addresses, NetRate rate, boolean announce) {
            this(tap, mac, addresses, rate, announce, false);
        }

        boolean inKernel() {
            return vhost && rate.isUnlimited();
        }

        @Override
        public byte[] mac() {
            return mac.clone();
        }
    }
}
