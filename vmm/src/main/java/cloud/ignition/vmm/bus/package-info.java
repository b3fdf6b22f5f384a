/** Address decoding for port I/O and MMIO exits, and the interrupt line back. */
package cloud.ignition.vmm.bus;
