/** Guest physical memory: where RAM lies, and bounds-checked access to it. */
package cloud.ignition.vmm.memory;
