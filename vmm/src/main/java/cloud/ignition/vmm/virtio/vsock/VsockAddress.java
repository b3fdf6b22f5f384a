package cloud.ignition.vmm.virtio.vsock;

/**
 * What tells the connections of one guest apart.
 *
 * @param hostPort unsigned
 * @param guestPort unsigned
 */
record VsockAddress(int hostPort, int guestPort) {}
