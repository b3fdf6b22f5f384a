package cloud.ignition.vmm.x86;

import cloud.ignition.linux.kvm.Kvm;
import java.util.stream.IntStream;

/**
 * The MSRs that are saved of a vCPU: those that KVM_GET_MSR_INDEX_LIST names, which are all of KVM's own (0x4b564d00 and
 * up) among them, and the MTRRs (Intel SDM volume 3A, 12.11), which KVM keeps for a guest but does not name.
 */
public final class MsrList {
    private static final int MTRR_PHYSBASE0 = 0x200;
    private static final int MTRR_PHYSMASK7 = 0x20f;
    private static final int MTRR_FIX64K_00000 = 0x250;
    private static final int MTRR_FIX16K_80000 = 0x258;
    private static final int MTRR_FIX16K_A0000 = 0x259;
    private static final int MTRR_FIX4K_C0000 = 0x268;
    private static final int MTRR_FIX4K_F8000 = 0x26f;
    private static final int MTRR_DEF_TYPE = 0x2ff;

    private MsrList() {}

    /** The indices for this host; a vCPU may lack some of them. */
    public static int[] of(Kvm kvm) {
        IntStream mtrrs = IntStream.of(MTRR_FIX64K_00000, MTRR_FIX16K_80000, MTRR_FIX16K_A0000, MTRR_DEF_TYPE);
        IntStream ranges = IntStream.concat(
                IntStream.rangeClosed(MTRR_PHYSBASE0, MTRR_PHYSMASK7),
                IntStream.rangeClosed(MTRR_FIX4K_C0000, MTRR_FIX4K_F8000));
        return IntStream.concat(IntStream.of(kvm.msrIndexList()), IntStream.concat(ranges, mtrrs))
                .distinct()
                .toArray();
    }
}
