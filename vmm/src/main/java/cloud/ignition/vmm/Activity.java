package cloud.ignition.vmm;

/**
 * What a machine did since it was booted or restored; the owner compares two of them.
 *
 * @param packetsIn network packets that the guest was given
 * @param packetsOut network packets that the guest sent
 * @param bytesIn their bytes, without the virtio header
 * @param bytesOut their bytes, without the virtio header
 * @param lastPacketNanos CLOCK_MONOTONIC of the last packet either way, on the network or a socket; now while the guest waits for a
 *     disk; 0 when there was none
 * @param vcpuBusyNanos time for which its vCPUs had something to do, all together: on a CPU or waiting for one
 */
public record Activity(
        long packetsIn, long packetsOut, long bytesIn, long bytesOut, long lastPacketNanos, long vcpuBusyNanos) {}
