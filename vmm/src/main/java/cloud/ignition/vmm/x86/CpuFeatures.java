package cloud.ignition.vmm.x86;

import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.vmm.codec.CorruptStateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToIntFunction;

/**
 * Compares what a guest was told of its CPU with what a host offers. A guest has chosen its code paths and its
 * workarounds long ago, so a host must be of the same vendor, family and model, and must have every feature bit that the
 * guest saw; what it has besides is not seen by the guest, which keeps its own CPUID table. Leaves that only describe
 * (caches, topology, brand) are not compared. Bits are named as in Linux's /proc/cpuinfo.
 */
public final class CpuFeatures {
    private static final int LEAF_VENDOR = 0;
    private static final int LEAF_SIGNATURE = 1;
    private static final int LEAF_XSTATE = 0xd;
    private static final int LEAF_ADDRESSES = 0x8000_0008;

    /** One register of one leaf whose bits are features. {@code names} start with bit 0; "-" has no name. */
    private record Bits(int function, int index, String register, int ignored, String names) {
        int of(Cpuid cpuid) {
            return cpuid.find(function, index).map(e -> value(e, register)).orElse(0);
        }

        String name(int bit) {
            String[] all = names.isEmpty() ? new String[0] : names.split(" ", -1);
            return bit < all.length && !all[bit].equals("-")
                    ? all[bit]
                    : String.format(Locale.ROOT, "CPUID.%x.%d:%s[%d]", function, index, register, bit);
        }
    }

    private static final int OSXSAVE = 1 << 27;
    private static final int OSPKE = 1 << 4;
    private static final int MAWAU = 0x1f << 17;

    private static final List<Bits> FEATURES = List.of(
            new Bits(
                    1,
                    0,
                    "edx",
                    0,
                    "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts acpi"
                            + " mmx fxsr sse sse2 ss ht tm ia64 pbe"),
            new Bits(
                    1,
                    0,
                    "ecx",
                    OSXSAVE,
                    "sse3 pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - pcid dca"
                            + " sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave osxsave avx f16c rdrand"
                            + " hypervisor"),
            new Bits(6, 0, "eax", 0, "dtherm ida arat"),
            new Bits(
                    7,
                    0,
                    "ebx",
                    0,
                    "fsgsbase tsc_adjust sgx bmi1 hle avx2 fdp_excptn_only smep bmi2 erms invpcid rtm cqm zero_fcs_fds"
                            + " mpx rdt_a avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb intel_pt"
                            + " avx512pf avx512er avx512cd sha_ni avx512bw avx512vl"),
            new Bits(
                    7,
                    0,
                    "ecx",
                    OSPKE | MAWAU,
                    "prefetchwt1 avx512vbmi umip pku ospke waitpkg avx512_vbmi2 shstk gfni vaes vpclmulqdq avx512_vnni"
                            + " avx512_bitalg tme avx512_vpopcntdq - la57 - - - - - rdpid - bus_lock_detect cldemote -"
                            + " movdiri movdir64b enqcmd sgx_lc pks"),
            new Bits(
                    7,
                    0,
                    "edx",
                    0,
                    "- - avx512_4vnniw avx512_4fmaps fsrm - - - avx512_vp2intersect srbds_ctrl md_clear - -"
                            + " tsx_force_abort serialize hybrid tsxldtrk - pconfig arch_lbr ibt - amx_bf16 avx512_fp16"
                            + " amx_tile amx_int8 spec_ctrl intel_stibp flush_l1d arch_capabilities core_capabilities"
                            + " ssbd"),
            new Bits(7, 1, "eax", 0, "sha512 sm3 sm4 - avx_vnni avx512_bf16"),
            new Bits(7, 1, "ecx", 0, ""),
            new Bits(7, 1, "edx", 0, ""),
            new Bits(7, 2, "edx", 0, ""),
            new Bits(0xd, 0, "eax", 0, "xsave-x87 xsave-sse xsave-avx - - xsave-opmask xsave-zmm-hi256 xsave-hi16-zmm"),
            new Bits(0xd, 0, "edx", 0, ""),
            new Bits(0xd, 1, "eax", 0, "xsaveopt xsavec xgetbv1 xsaves xfd"),
            new Bits(0xd, 1, "ecx", 0, ""),
            new Bits(0xd, 1, "edx", 0, ""),
            new Bits(
                    0x4000_0001,
                    0,
                    "eax",
                    0,
                    "kvm-clocksource kvm-nop-io-delay kvm-mmu-op kvm-clocksource2 kvm-async-pf kvm-steal-time"
                            + " kvm-pv-eoi kvm-pv-unhalt - kvm-pv-tlb-flush kvm-async-pf-vmexit kvm-pv-send-ipi"
                            + " kvm-poll-control kvm-pv-sched-yield kvm-async-pf-int kvm-msi-ext-dest-id"
                            + " kvm-hc-map-gpa-range kvm-migration-control - - - - - - kvm-clocksource-stable"),
            new Bits(
                    0x8000_0001,
                    0,
                    "edx",
                    0,
                    "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb rdtscp - lm"
                            + " 3dnowext 3dnow"),
            new Bits(
                    0x8000_0001,
                    0,
                    "ecx",
                    0,
                    "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop skinit"
                            + " wdt - lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - bpext ptsc"
                            + " perfctr_llc mwaitx"),
            new Bits(0x8000_0007, 0, "edx", 0, "- - - - - - - - constant_tsc"),
            new Bits(0x8000_0008, 0, "ebx", 0, "clzero irperf xsaveerptr - rdpru"),
            new Bits(0x8000_0021, 0, "eax", 0, ""),
            new Bits(0xc000_0001, 0, "edx", 0, ""));

    private CpuFeatures() {}

    /**
     * Which CPU a table is of, for people, for example {@code AuthenticAMD family 25 model 33 stepping 0}.
     *
     * @throws CorruptStateException when the table has no leaf 0 or 1
     */
    public static String name(Cpuid cpuid) {
        return model(cpuid) + " stepping " + (signature(cpuid) & 0xf);
    }

    private static String model(Cpuid cpuid) {
        int signature = signature(cpuid);
        int family = (signature >>> 8) & 0xf;
        int model = (signature >>> 4) & 0xf;
        if (family == 6 || family == 0xf) {
            model |= (signature >>> 12) & 0xf0;
        }
        if (family == 0xf) {
            family += (signature >>> 20) & 0xff;
        }
        Cpuid.Entry vendor = leaf(cpuid, LEAF_VENDOR);
        return ascii(vendor.ebx()) + ascii(vendor.edx()) + ascii(vendor.ecx()) + " family " + family + " model "
                + model;
    }

    private static int signature(Cpuid cpuid) {
        return leaf(cpuid, LEAF_SIGNATURE).eax();
    }

    private static Cpuid.Entry leaf(Cpuid cpuid, int function) {
        return cpuid.find(function, 0)
                .orElseThrow(() -> new CorruptStateException("a CPUID table without leaf " + function));
    }

    /**
     * Why a guest with one table cannot run where KVM offers another.
     *
     * @param guest what the guest was told
     * @param host what this host offers
     * @param named how many missing features are named at most
     * @return one clause without the guest's CPU in it, for example {@code this host lacks avx512f}; empty when it fits
     * @throws CorruptStateException when the guest's table has no leaf 0 or 1
     */
    public static Optional<String> missing(Cpuid guest, Cpuid host, int named) {
        if (!model(guest).equals(model(host))) {
            return Optional.of("this host is " + name(host));
        }
        if (guest.equals(host)) {
            return Optional.empty(); // the usual case: the host it was saved on
        }
        List<String> lacking = new ArrayList<>();
        for (Bits bits : FEATURES) {
            int missing = bits.of(guest) & ~bits.of(host) & ~bits.ignored();
            for (int bit = 0; bit < Integer.SIZE; bit++) {
                if (((missing >>> bit) & 1) != 0) {
                    lacking.add(bits.name(bit));
                }
            }
        }
        if (!lacking.isEmpty()) {
            String names = String.join(", ", lacking.subList(0, Math.min(named, lacking.size())));
            return Optional.of("this host lacks " + names
                    + (lacking.size() > named ? " and " + (lacking.size() - named) + " more" : ""));
        }
        return addresses(guest, host).or(() -> xsaveLayout(guest, host));
    }

    /** Leaf 0x80000008: bits of physical and linear addresses. */
    private static Optional<String> addresses(Cpuid guest, Cpuid host) {
        int wanted = guest.find(LEAF_ADDRESSES, 0).map(Cpuid.Entry::eax).orElse(0);
        int offered = host.find(LEAF_ADDRESSES, 0).map(Cpuid.Entry::eax).orElse(0);
        boolean fits = (wanted & 0xff) <= (offered & 0xff) && ((wanted >>> 8) & 0xff) <= ((offered >>> 8) & 0xff);
        return fits
                ? Optional.empty()
                : Optional.of("this host has addresses of " + (offered & 0xff) + " physical and "
                        + ((offered >>> 8) & 0xff) + " linear bits, not " + (wanted & 0xff) + " and "
                        + ((wanted >>> 8) & 0xff));
    }

    /** Leaf 0xd, subleaves 2 and up: size and place of each part of an XSAVE area, which lies saved in that form. */
    private static Optional<String> xsaveLayout(Cpuid guest, Cpuid host) {
        return guest.entries().stream()
                .filter(e -> e.function() == LEAF_XSTATE && e.index() > 1)
                .filter(e -> host.find(LEAF_XSTATE, e.index())
                        .filter(h -> h.eax() == e.eax() && h.ebx() == e.ebx())
                        .isEmpty())
                .findFirst()
                .map(e -> "this host keeps part " + e.index() + " of an XSAVE area elsewhere");
    }

    private static int value(Cpuid.Entry entry, String register) {
        ToIntFunction<Cpuid.Entry> get = switch (register) {
            case "eax" -> Cpuid.Entry::eax;
            case "ebx" -> Cpuid.Entry::ebx;
            case "ecx" -> Cpuid.Entry::ecx;
            default -> Cpuid.Entry::edx;
        };
        return get.applyAsInt(entry);
    }

    private static String ascii(int register) {
        StringBuilder text = new StringBuilder(4);
        for (int shift = 0; shift < 32; shift += 8) {
            int c = (register >>> shift) & 0xff;
            text.append(c > ' ' && c < 0x7f ? (char) c : '?');
        }
        return text.toString();
    }
}
