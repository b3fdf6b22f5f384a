/** Refusing system calls in tests; not exported. */
package cloud.ignition.linux.fault;
