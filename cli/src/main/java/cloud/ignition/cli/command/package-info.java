/** One class per verb: its description, and the requests it makes. Results go to standard output, all else to standard error. */
package cloud.ignition.cli.command;
