/** The entropy device (§5.4). */
package cloud.ignition.vmm.virtio.rng;
