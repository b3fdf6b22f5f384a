/** Values as people read and write them: tables, sizes, times, the line that shows progress. */
package cloud.ignition.cli.render;
