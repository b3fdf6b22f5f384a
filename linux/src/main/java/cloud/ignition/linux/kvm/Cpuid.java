package cloud.ignition.linux.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** A list of CPUID leaves that can be changed, and its form {@code struct kvm_cpuid2}. */
public final class Cpuid {
    private static final long HEADER_BYTES = KvmStructs.KVM_CPUID2.byteSize();
    private static final long ENTRY_BYTES = KvmStructs.KVM_CPUID_ENTRY2.byteSize();
    private static final long NENT = KvmStructs.offset(KvmStructs.KVM_CPUID2, "nent");
    private static final long FUNCTION = KvmStructs.offset(KvmStructs.KVM_CPUID_ENTRY2, "function");
    private static final long INDEX = KvmStructs.offset(KvmStructs.KVM_CPUID_ENTRY2, "index");
    private static final long FLAGS = KvmStructs.offset(KvmStructs.KVM_CPUID_ENTRY2, "flags");
    private static final long EAX = KvmStructs.offset(KvmStructs.KVM_CPUID_ENTRY2, "eax");
    private static final long EBX = KvmStructs.offset(KvmStructs.KVM_CPUID_ENTRY2, "ebx");
    private static final long ECX = KvmStructs.offset(KvmStructs.KVM_CPUID_ENTRY2, "ecx");
    private static final long EDX = KvmStructs.offset(KvmStructs.KVM_CPUID_ENTRY2, "edx");

    private final List<Entry> entries;

    /** A list with these entries. */
    public Cpuid(List<Entry> entries) {
        this.entries = new ArrayList<>(entries);
    }

    /** One leaf, {@code struct kvm_cpuid_entry2}; {@code flags} are {@code KVM_CPUID_FLAG_…}. */
    public record Entry(int function, int index, int flags, int eax, int ebx, int ecx, int edx) {
        /** The same with another EAX. */
        public Entry withEax(int value) {
            return new Entry(function, index, flags, value, ebx, ecx, edx);
        }

        /** The same with another EBX. */
        public Entry withEbx(int value) {
            return new Entry(function, index, flags, eax, value, ecx, edx);
        }

        /** The same with another ECX. */
        public Entry withEcx(int value) {
            return new Entry(function, index, flags, eax, ebx, value, edx);
        }

        /** The same with another EDX. */
        public Entry withEdx(int value) {
            return new Entry(function, index, flags, eax, ebx, ecx, value);
        }
    }

    /** The entries; changes of the list change this. */
    public List<Entry> entries() {
        return entries;
    }

    /** The entry of a leaf and subleaf. */
    public Optional<Entry> find(int function, int index) {
        return entries.stream()
                .filter(e -> e.function() == function && e.index() == index)
                .findFirst();
    }

    /** Replaces each entry by what {@code change} makes of it. */
    public void replaceAll(UnaryOperator<Entry> change) {
        entries.replaceAll(change);
    }

    /** An independent list with the same entries. */
    public Cpuid copy() {
        return new Cpuid(entries);
    }

    /** Bytes of the form {@code struct kvm_cpuid2}. */
    public long byteSize() {
        return HEADER_BYTES + entries.size() * ENTRY_BYTES;
    }

    /** Writes the form {@code struct kvm_cpuid2} into the first {@link #byteSize} bytes. */
    public void writeTo(MemorySegment target) {
        target.asSlice(0, byteSize()).fill((byte) 0);
        target.set(JAVA_INT, NENT, entries.size());
        for (int i = 0; i < entries.size(); i++) {
            Entry e = entries.get(i);
            long at = HEADER_BYTES + i * ENTRY_BYTES;
            target.set(JAVA_INT, at + FUNCTION, e.function());
            target.set(JAVA_INT, at + INDEX, e.index());
            target.set(JAVA_INT, at + FLAGS, e.flags());
            target.set(JAVA_INT, at + EAX, e.eax());
            target.set(JAVA_INT, at + EBX, e.ebx());
            target.set(JAVA_INT, at + ECX, e.ecx());
            target.set(JAVA_INT, at + EDX, e.edx());
        }
    }

    /**
     * Reads the form {@code struct kvm_cpuid2}.
     *
     * @throws IllegalArgumentException when its count does not fit into the segment
     */
    public static Cpuid readFrom(MemorySegment source) {
        int count = source.get(JAVA_INT, NENT);
        if (count < 0 || count > (source.byteSize() - HEADER_BYTES) / ENTRY_BYTES) {
            throw new IllegalArgumentException(count + " CPUID entries in " + source.byteSize() + " bytes");
        }
        List<Entry> entries = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            long at = HEADER_BYTES + i * ENTRY_BYTES;
            entries.add(new Entry(
                    source.get(JAVA_INT, at + FUNCTION),
                    source.get(JAVA_INT, at + INDEX),
                    source.get(JAVA_INT, at + FLAGS),
                    source.get(JAVA_INT, at + EAX),
                    source.get(JAVA_INT, at + EBX),
                    source.get(JAVA_INT, at + ECX),
                    source.get(JAVA_INT, at + EDX)));
        }
        return new Cpuid(entries);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Cpuid c && entries.equals(c.entries);
    }

    @Override
    public int hashCode() {
        return entries.hashCode();
    }

    @Override
    public String toString() {
        return "CPUID with " + entries.size() + " entries";
    }

    /** An empty struct with room for {@code count} entries that says so. */
    static MemorySegment allocate(Arena arena, int count) {
        MemorySegment struct = arena.allocate(HEADER_BYTES + count * ENTRY_BYTES, 8);
        struct.set(JAVA_INT, NENT, count);
        return struct;
    }
}
