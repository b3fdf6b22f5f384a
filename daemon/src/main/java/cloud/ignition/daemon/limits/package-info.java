/** What an app's machine may take of the host beyond its shape: control groups, see cgroups(7). */
@org.jspecify.annotations.NullMarked
package cloud.ignition.daemon.limits;
