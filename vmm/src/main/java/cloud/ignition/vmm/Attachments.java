package cloud.ignition.vmm;

import cloud.ignition.linux.Tap;
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
     * @param mac six bytes, the guest's address
     */
    public record Net(Tap tap, byte[] mac) {
        /**
         * @throws IllegalArgumentException when the address has not six bytes
         */
        public Net {
            mac = mac.clone();
            if (mac.length != 6) {
                throw new IllegalArgumentException("a MAC address has 6 bytes, not " + mac.length);
            }
        }

        @Override
        public byte[] mac() {
            return mac.clone();
        }
    }
}
