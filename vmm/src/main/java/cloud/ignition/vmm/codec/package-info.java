/** The byte form of component state: little endian, length-prefixed, bounded when read back. */
package cloud.ignition.vmm.codec;
