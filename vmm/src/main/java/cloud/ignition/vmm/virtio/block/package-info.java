/** The block device (§5.2) and its file back end. */
package cloud.ignition.vmm.virtio.block;
