/**
 * KVM's three kinds of file descriptor ({@code Kvm -> KvmVm -> KvmVcpu}) and views over its structs; no policy.
 *
 * <p>Names of structs, ioctls and constants are those of {@code linux/kvm.h} and {@code asm/kvm.h}; the semantics are in the
 * kernel's {@code Documentation/virt/kvm/api.rst}.
 */
package cloud.ignition.linux.kvm;
