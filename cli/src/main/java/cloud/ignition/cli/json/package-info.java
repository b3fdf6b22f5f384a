/** JSON text to plain values and back, with little class loading: jackson-core's tokens, no data binding. */
package cloud.ignition.cli.json;
