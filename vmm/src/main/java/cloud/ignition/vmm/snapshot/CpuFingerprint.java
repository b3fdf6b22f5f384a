package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.vmm.x86.CpuidPolicy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Short text that is equal on hosts whose KVM offers guests the same CPU: vendor, family-model-stepping as a guest sees
 * them, and a digest of all CPUID entries. A machine is restored only where it is equal, as the guest has long since
 * chosen its code paths by it.
 */
public final class CpuFingerprint {
    private CpuFingerprint() {}

    /** The fingerprint of KVM_GET_SUPPORTED_CPUID's answer. */
    public static String of(Cpuid supported) {
        // Leaves that say on which CPU the question was asked are made alike by giving them a vCPU's number.
        Cpuid table = CpuidPolicy.forVcpu(supported, 0, 1);
        ByteBuffer bytes = ByteBuffer.allocate(table.entries().size() * 24).order(ByteOrder.LITTLE_ENDIAN);
        String vendor = "unknown";
        int signature = 0;
        for (Cpuid.Entry e : table.entries()) {
            bytes.putInt(e.function()).putInt(e.index());
            bytes.putInt(e.eax()).putInt(e.ebx()).putInt(e.ecx()).putInt(e.edx());
            if (e.function() == 0) {
                vendor = ascii(e.ebx()) + ascii(e.edx()) + ascii(e.ecx());
            } else if (e.function() == 1) {
                signature = e.eax();
            }
        }
        return vendor + "-" + Integer.toHexString(signature) + "-"
                + Digests.sha256(bytes.array()).substring(0, 16);
    }

    private static String ascii(int register) {
        StringBuilder text = new StringBuilder(4);
        for (int shift = 0; shift < 32; shift += 8) {
            int c = register >>> shift & 0xff;
            text.append(c > ' ' && c < 0x7f ? (char) c : '?');
        }
        return text.toString();
    }
}
