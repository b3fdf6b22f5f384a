/** The device half of a split virtqueue: the parser of what a hostile guest writes. Virtio 1.2 §2.7. */
package cloud.ignition.vmm.virtio.queue;
