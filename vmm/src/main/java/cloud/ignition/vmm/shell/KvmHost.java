package cloud.ignition.vmm.shell;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.ThreadKicker;
import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.linux.kvm.Kvm;
import cloud.ignition.vmm.snapshot.HostFacts;
import cloud.ignition.vmm.x86.MsrList;
import org.jspecify.annotations.Nullable;

/** This host's KVM with the answers that do not change while the process runs; opened once, never closed. */
public final class KvmHost {
    private static @Nullable KvmHost instance;

    private final Kvm kvm;
    private final Cpuid supportedCpuid;
    private final int[] msrIndexList;
    private final HostFacts facts;

    private KvmHost(Kvm kvm) {
        this.kvm = kvm;
        supportedCpuid = kvm.supportedCpuid();
        msrIndexList = MsrList.of(kvm);
        facts = HostFacts.of(kvm);
    }

    /**
     * Opens /dev/kvm at the first call.
     *
     * @throws cloud.ignition.linux.LinuxException when the host has no usable KVM; the next call tries again
     */
    public static synchronized KvmHost open() {
        KvmHost known = instance;
        if (known == null) {
            ThreadKicker.installOnce();
            known = over(Kvm.open());
            instance = known;
        }
        return known;
    }

    private static KvmHost over(Kvm kvm) {
        try {
            return new KvmHost(kvm);
        } catch (RuntimeException e) {
            throw new Closing().then(kvm::close).because(e);
        }
    }

    /** The open /dev/kvm. */
    public Kvm kvm() {
        return kvm;
    }

    /** KVM_GET_SUPPORTED_CPUID. */
    public Cpuid supportedCpuid() {
        return supportedCpuid;
    }

    /** The MSRs to save, {@link MsrList}. */
    public int[] msrIndexList() {
        return msrIndexList.clone();
    }

    /** What this host offers to a machine that is restored. */
    public HostFacts facts() {
        return facts;
    }
}
