/** What survives the daemon: the state directory, one directory per app, its snapshots and its log. */
package cloud.ignition.daemon.state;
