/**
 * From a user's wish or a packet to a machine and back to files: one supervisor for each app, which alone decides what its
 * app does next.
 */
package cloud.ignition.daemon.lifecycle;
