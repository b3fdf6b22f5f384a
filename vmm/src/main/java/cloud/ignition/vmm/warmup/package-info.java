/** A guest of some instructions that is built in: what the way of a wake is walked with before it is needed. */
package cloud.ignition.vmm.warmup;
