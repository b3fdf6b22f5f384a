package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.image.Launch;
import cloud.ignition.daemon.network.Link;
import cloud.ignition.vmm.VsockHub;

/**
 * What a machine for an app is made of.
 *
 * @param id the app's identifier
 * @param spec shape and trigger
 * @param launch root image and process
 * @param link network
 * @param vsock the host's side of the guest's sockets
 * @param kernelDigest of the kernel that the app was last booted on
 */
record MachinePlan(String id, AppSpec spec, Launch launch, Link link, VsockHub vsock, String kernelDigest) {}
