/**
 * The entry point and what every verb shares: exit codes, limits, the one-line error.
 *
 * <p>A short-lived JVM: each loaded class costs start-up time (about ten times more under software emulation), so there
 * are few dependencies. The option parser is our own because stock picocli, whose class files are too old for the AOT
 * cache, was measured at 150 ms on top of 55 ms.
 */
package cloud.ignition.cli;
