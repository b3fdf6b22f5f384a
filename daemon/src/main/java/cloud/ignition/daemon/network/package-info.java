/**
 * The host's side of the apps' network: addresses, taps, published ports, and the one loop that sees the first packet for
 * a sleeping app. Nothing here terminates or copies a connection.
 */
package cloud.ignition.daemon.network;
