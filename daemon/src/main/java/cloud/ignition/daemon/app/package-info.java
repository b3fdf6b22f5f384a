/** The words users speak: what an app is, what can be done with it. Values and interfaces only; no host, no machine. */
package cloud.ignition.daemon.app;
