/** The daemon's process: options, log, signals, and the wiring of everything by hand. */
package cloud.ignition.daemon;
