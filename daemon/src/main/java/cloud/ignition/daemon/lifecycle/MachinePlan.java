package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.image.Launch;
import cloud.ignition.daemon.network.Link;

/**
 * What a machine for an app is made of.
 *
 * @param spec shape and trigger
 * @param launch root image and process
 * @param link network
 * @param kernelDigest of the kernel that the app was last booted on
 */
record MachinePlan(AppSpec spec, Launch launch, Link link, String kernelDigest) {}
