/** The few PC devices a Linux kernel without ACPI and PCI still talks to: a serial port and the reset line. */
package cloud.ignition.vmm.legacy;
