/** From an image reference to what a machine needs to boot: the root image, the process to start, the guest's kernel. */
package cloud.ignition.daemon.image;
