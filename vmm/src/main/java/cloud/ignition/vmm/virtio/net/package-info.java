/** The network device (virtio 1.2 §5.1) and its tap back end. */
package cloud.ignition.vmm.virtio.net;
