package cloud.ignition.vmm.virtio.net;

/**
 * What a network device is.
 *
 * @param mac the guest's address
 */
public record NetConfig(MacAddress mac) {}
