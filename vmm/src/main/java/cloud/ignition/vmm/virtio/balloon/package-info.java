/** The memory balloon (§5.5): memory that the guest does not need goes back to the host. */
package cloud.ignition.vmm.virtio.balloon;
