package cloud.ignition.linux.kvm;

import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.MemoryLayout.unionLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Layouts of the structs of {@code linux/kvm.h} and {@code asm/kvm.h}; layout and member names are C's. Members nobody uses are
 * padding. A test compares every named member with what the C compiler says.
 */
final class KvmStructs {
    static final StructLayout KVM_USERSPACE_MEMORY_REGION = structLayout(
                    u32("slot"), u32("flags"), u64("guest_phys_addr"), u64("memory_size"), u64("userspace_addr"))
            .withName("struct kvm_userspace_memory_region");

    static final StructLayout KVM_IRQ_LEVEL =
            structLayout(u32("irq"), u32("level")).withName("struct kvm_irq_level");

    static final StructLayout KVM_IRQCHIP = structLayout(
                    u32("chip_id"), u32("pad"), sequenceLayout(512, JAVA_BYTE).withName("chip"))
            .withName("struct kvm_irqchip");

    static final StructLayout KVM_PIT_CONFIG =
            structLayout(u32("flags"), paddingLayout(60)).withName("struct kvm_pit_config");

    static final StructLayout KVM_PIT_STATE2 = structLayout(
                    sequenceLayout(72, JAVA_BYTE).withName("channels"), u32("flags"), paddingLayout(36))
            .withByteAlignment(8)
            .withName("struct kvm_pit_state2");

    static final StructLayout KVM_CLOCK_DATA = structLayout(
                    u64("clock"), u32("flags"), u32("pad0"), u64("realtime"), u64("host_tsc"), paddingLayout(16))
            .withName("struct kvm_clock_data");

    static final StructLayout KVM_IOEVENTFD = structLayout(
                    u64("datamatch"), u64("addr"), u32("len"), u32("fd"), u32("flags"), paddingLayout(36))
            .withName("struct kvm_ioeventfd");

    static final StructLayout KVM_IRQFD = structLayout(
                    u32("fd"), u32("gsi"), u32("flags"), u32("resamplefd"), paddingLayout(16))
            .withName("struct kvm_irqfd");

    /** Header of a flexible array of {@link #KVM_CPUID_ENTRY2}. */
    static final StructLayout KVM_CPUID2 =
            structLayout(u32("nent"), u32("padding")).withName("struct kvm_cpuid2");

    static final StructLayout KVM_CPUID_ENTRY2 = structLayout(
                    u32("function"),
                    u32("index"),
                    u32("flags"),
                    u32("eax"),
                    u32("ebx"),
                    u32("ecx"),
                    u32("edx"),
                    paddingLayout(12))
            .withName("struct kvm_cpuid_entry2");

    /** Header of a flexible array of {@link #KVM_MSR_ENTRY}. */
    static final StructLayout KVM_MSRS = structLayout(u32("nmsrs"), u32("pad")).withName("struct kvm_msrs");

    static final StructLayout KVM_MSR_ENTRY =
            structLayout(u32("index"), u32("reserved"), u64("data")).withName("struct kvm_msr_entry");

    /** Header of a flexible array of indices, 32 bits each. */
    static final StructLayout KVM_MSR_LIST = structLayout(u32("nmsrs")).withName("struct kvm_msr_list");

    static final StructLayout KVM_REGS = structLayout(u64s(
                    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp", "r8", "r9", "r10", "r11", "r12", "r13",
                    "r14", "r15", "rip", "rflags"))
            .withName("struct kvm_regs");

    static final StructLayout KVM_SEGMENT = structLayout(
                    u64("base"),
                    u32("limit"),
                    u16("selector"),
                    u8("type"),
                    u8("present"),
                    u8("dpl"),
                    u8("db"),
                    u8("s"),
                    u8("l"),
                    u8("g"),
                    u8("avl"),
                    u8("unusable"),
                    paddingLayout(1))
            .withName("struct kvm_segment");

    static final StructLayout KVM_DTABLE =
            structLayout(u64("base"), u16("limit"), paddingLayout(6)).withName("struct kvm_dtable");

    static final StructLayout KVM_SREGS = structLayout(
                    KVM_SEGMENT.withName("cs"),
                    KVM_SEGMENT.withName("ds"),
                    KVM_SEGMENT.withName("es"),
                    KVM_SEGMENT.withName("fs"),
                    KVM_SEGMENT.withName("gs"),
                    KVM_SEGMENT.withName("ss"),
                    KVM_SEGMENT.withName("tr"),
                    KVM_SEGMENT.withName("ldt"),
                    KVM_DTABLE.withName("gdt"),
                    KVM_DTABLE.withName("idt"),
                    u64("cr0"),
                    u64("cr2"),
                    u64("cr3"),
                    u64("cr4"),
                    u64("cr8"),
                    u64("efer"),
                    u64("apic_base"),
                    sequenceLayout(4, JAVA_LONG).withName("interrupt_bitmap"))
            .withName("struct kvm_sregs");

    static final StructLayout KVM_LAPIC_STATE =
            structLayout(sequenceLayout(0x400, JAVA_BYTE).withName("regs")).withName("struct kvm_lapic_state");

    static final StructLayout KVM_MP_STATE = structLayout(u32("mp_state")).withName("struct kvm_mp_state");

    static final StructLayout KVM_VCPU_EVENTS = structLayout(
                    sequenceLayout(8, JAVA_BYTE).withName("exception"),
                    sequenceLayout(4, JAVA_BYTE).withName("interrupt"),
                    sequenceLayout(4, JAVA_BYTE).withName("nmi"),
                    u32("sipi_vector"),
                    u32("flags"),
                    sequenceLayout(4, JAVA_BYTE).withName("smi"),
                    sequenceLayout(1, JAVA_BYTE).withName("triple_fault"),
                    paddingLayout(26),
                    u8("exception_has_payload"),
                    u64("exception_payload"))
            .withName("struct kvm_vcpu_events");

    static final StructLayout KVM_DEBUGREGS = structLayout(
                    sequenceLayout(4, JAVA_LONG).withName("db"),
                    u64("dr6"),
                    u64("dr7"),
                    u64("flags"),
                    paddingLayout(72))
            .withName("struct kvm_debugregs");

    /** With the {@code extra} array of KVM_CAP_XSAVE2 it gets longer, see {@link Kvm#xsaveSize}. */
    static final StructLayout KVM_XSAVE =
            structLayout(sequenceLayout(1024, JAVA_INT).withName("region")).withName("struct kvm_xsave");

    static final StructLayout KVM_XCRS = structLayout(
                    u32("nr_xcrs"), u32("flags"), sequenceLayout(256, JAVA_BYTE).withName("xcrs"), paddingLayout(128))
            .withByteAlignment(8)
            .withName("struct kvm_xcrs");

    private static final GroupLayout EXIT = unionLayout(
            structLayout(u64("hardware_exit_reason")).withName("hw"),
            structLayout(u64("hardware_entry_failure_reason"), u32("cpu"), paddingLayout(4))
                    .withName("fail_entry"),
            structLayout(u8("direction"), u8("size"), u16("port"), u32("count"), u64("data_offset"))
                    .withName("io"),
            structLayout(
                            u64("phys_addr"),
                            sequenceLayout(8, JAVA_BYTE).withName("data"),
                            u32("len"),
                            u8("is_write"),
                            paddingLayout(3))
                    .withName("mmio"),
            structLayout(
                            u32("suberror"),
                            u32("ndata"),
                            sequenceLayout(16, JAVA_LONG).withName("data"))
                    .withName("internal"),
            structLayout(
                            u32("type"),
                            u32("ndata"),
                            sequenceLayout(16, JAVA_LONG).withName("data"))
                    .withName("system_event"),
            paddingLayout(256));

    /** Up to the union of exits, whose members are here as if they were kvm_run's own (in C it has no name). */
    static final StructLayout KVM_RUN = structLayout(
                    u8("request_interrupt_window"),
                    u8("immediate_exit"),
                    paddingLayout(6),
                    u32("exit_reason"),
                    u8("ready_for_interrupt_injection"),
                    u8("if_flag"),
                    u16("flags"),
                    u64("cr8"),
                    u64("apic_base"),
                    EXIT,
                    u64("kvm_valid_regs"),
                    u64("kvm_dirty_regs"),
                    paddingLayout(2048))
            .withName("struct kvm_run");

    private KvmStructs() {}

    /** The layouts that a test compares with C. */
    static List<StructLayout> all() {
        return List.of(
                KVM_USERSPACE_MEMORY_REGION,
                KVM_IRQ_LEVEL,
                KVM_IRQCHIP,
                KVM_PIT_CONFIG,
                KVM_PIT_STATE2,
                KVM_CLOCK_DATA,
                KVM_IOEVENTFD,
                KVM_IRQFD,
                KVM_CPUID2,
                KVM_CPUID_ENTRY2,
                KVM_MSRS,
                KVM_MSR_ENTRY,
                KVM_MSR_LIST,
                KVM_REGS,
                KVM_SEGMENT,
                KVM_DTABLE,
                KVM_SREGS,
                KVM_LAPIC_STATE,
                KVM_MP_STATE,
                KVM_VCPU_EVENTS,
                KVM_DEBUGREGS,
                KVM_XSAVE,
                KVM_XCRS,
                KVM_RUN);
    }

    /** The offset of a member, or of a member of a member, in bytes. */
    static long offset(StructLayout struct, String... members) {
        return struct.byteOffset(path(members));
    }

    /** The offset in bytes of a member of one of kvm_run's exits. */
    static long exitOffset(String exit, String... members) {
        PathElement[] inUnion = path(concat(exit, members));
        long union = KVM_RUN.byteOffset(PathElement.groupElement(EXIT_INDEX));
        return union + EXIT.byteOffset(inUnion);
    }

    private static final long EXIT_INDEX = KVM_RUN.memberLayouts().indexOf(EXIT);

    private static String[] concat(String first, String... rest) {
        List<String> all = new ArrayList<>(List.of(first));
        all.addAll(Arrays.asList(rest));
        return all.toArray(String[]::new);
    }

    private static PathElement[] path(String... members) {
        return Arrays.stream(members).map(PathElement::groupElement).toArray(PathElement[]::new);
    }

    private static MemoryLayout u8(String name) {
        return JAVA_BYTE.withName(name);
    }

    private static MemoryLayout u16(String name) {
        return JAVA_SHORT.withName(name);
    }

    private static MemoryLayout u32(String name) {
        return JAVA_INT.withName(name);
    }

    private static MemoryLayout u64(String name) {
        return JAVA_LONG.withName(name);
    }

    private static MemoryLayout[] u64s(String... names) {
        return Arrays.stream(names).map(KvmStructs::u64).toArray(MemoryLayout[]::new);
    }
}
