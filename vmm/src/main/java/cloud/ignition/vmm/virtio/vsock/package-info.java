/** The socket device (§5.10): stream sockets between guest and host, the host's ends being unix sockets. */
package cloud.ignition.vmm.virtio.vsock;
