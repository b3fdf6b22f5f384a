/**
 * As much of an HTTP/1.1 client (RFC 9112) as one request on a Unix socket needs; the JDK's client cannot use such
 * sockets. One connection per request; every length that the other side decides is bounded.
 */
package cloud.ignition.cli.http;
