package cloud.ignition.linux.kvm;

import static cloud.ignition.linux.LinuxException.check;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import cloud.ignition.linux.Fd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * KVM_GET_MSRS and KVM_SET_MSRS for any number of MSRs. KVM takes a limited number per call, stops at the first one that it refuses,
 * and returns how many it did.
 */
final class Msrs {
    /** KVM refuses {@code MAX_IO_MSRS}, 256, and more with E2BIG. */
    static final int MAX_PER_CALL = 255;

    private static final long HEADER_BYTES = KvmStructs.KVM_MSRS.byteSize();
    private static final long ENTRY_BYTES = KvmStructs.KVM_MSR_ENTRY.byteSize();
    private static final long NMSRS = KvmStructs.offset(KvmStructs.KVM_MSRS, "nmsrs");
    private static final long INDEX = KvmStructs.offset(KvmStructs.KVM_MSR_ENTRY, "index");
    private static final long DATA = KvmStructs.offset(KvmStructs.KVM_MSR_ENTRY, "data");

    private Msrs() {}

    static int get(Fd vcpu, int[] indices, long[] values) {
        checkLengths(indices, values);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = allocate(arena, indices.length);
            int next = 0;
            int kept = 0;
            while (next < indices.length) {
                int asked = fill(struct, indices, values, next);
                int done = check(vcpu.ioctl(KvmIoctls.KVM_GET_MSRS, struct), "KVM_GET_MSRS");
                for (int i = 0; i < done; i++) {
                    indices[kept] = indices[next + i];
                    values[kept] = struct.get(JAVA_LONG, HEADER_BYTES + i * ENTRY_BYTES + DATA);
                    kept++;
                }
                next += done < asked ? done + 1 : done;
            }
            return kept;
        }
    }

    static int[] set(Fd vcpu, int[] indices, long[] values) {
        checkLengths(indices, values);
        int[] refused = new int[indices.length];
        int refusals = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = allocate(arena, indices.length);
            int next = 0;
            while (next < indices.length) {
                int asked = fill(struct, indices, values, next);
                int done = check(vcpu.ioctl(KvmIoctls.KVM_SET_MSRS, struct), "KVM_SET_MSRS");
                next += done;
                if (done < asked) {
                    refused[refusals++] = indices[next++];
                }
            }
        }
        return Arrays.copyOf(refused, refusals);
    }

    private static MemorySegment allocate(Arena arena, int count) {
        return arena.allocate(HEADER_BYTES + ENTRY_BYTES * Math.min(count, MAX_PER_CALL), 8);
    }

    /** Puts the MSRs from {@code first} on into the struct and returns how many fit. */
    private static int fill(MemorySegment struct, int[] indices, long[] values, int first) {
        int count = Math.min(indices.length - first, MAX_PER_CALL);
        struct.set(JAVA_INT, NMSRS, count);
        for (int i = 0; i < count; i++) {
            long entry = HEADER_BYTES + i * ENTRY_BYTES;
            struct.set(JAVA_INT, entry + INDEX, indices[first + i]);
            struct.set(JAVA_LONG, entry + DATA, values[first + i]);
        }
        return count;
    }

    private static void checkLengths(int[] indices, long[] values) {
        if (indices.length != values.length) {
            throw new IllegalArgumentException(indices.length + " indices, " + values.length + " values");
        }
    }
}
