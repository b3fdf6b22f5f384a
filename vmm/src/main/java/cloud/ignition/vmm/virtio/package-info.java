/** Virtio devices over MMIO, version 1.2 of the specification, no legacy interface. */
package cloud.ignition.vmm.virtio;
