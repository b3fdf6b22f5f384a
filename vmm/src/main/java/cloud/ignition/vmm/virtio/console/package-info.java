/** The console device (§5.3), one port. */
package cloud.ignition.vmm.virtio.console;
