/** What must be true of a host, looked at with plain files, so that it works without the daemon and without root. */
package cloud.ignition.cli.doctor;
