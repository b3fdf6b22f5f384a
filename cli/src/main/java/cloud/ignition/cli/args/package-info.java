/** From an array of strings to options and operands, and the help text; knows nothing of what the verbs do. */
package cloud.ignition.cli.args;
