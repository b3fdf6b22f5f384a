/**
 * The HTTP/JSON API on a Unix socket: translates requests into calls of {@code daemon.app} and its values into JSON.
 * Decides nothing about apps. Every handler runs on its own virtual thread and may block.
 */
package cloud.ignition.daemon.api;
