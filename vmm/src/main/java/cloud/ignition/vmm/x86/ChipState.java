package cloud.ignition.vmm.x86;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.kvm.KvmClockData;
import cloud.ignition.linux.kvm.KvmVm;
import cloud.ignition.linux.kvm.KvmVmState;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The chips that KVM emulates for the whole machine: both PICs, the I/O APIC, the PIT, and the paravirtual clock.
 *
 * @param chips each of KVM's structures, byte for byte
 */
public record ChipState(Map<KvmVmState, byte[]> chips) {
    /** Offset of {@code flags} in {@code struct kvm_clock_data}. */
    private static final int CLOCK_FLAGS = 8;

    /**
     * @throws CorruptStateException when a chip is missing, its structure has another size or is another chip's, or the
     *     clock is one that jumps
     */
    public ChipState {
        for (KvmVmState what : KvmVmState.values()) {
            byte[] bytes = chips.get(what);
            CorruptStateException.require(
                    bytes != null && bytes.length == what.size(), "a machine without a usable " + what);
            int chipId = what.chipId();
            CorruptStateException.require(
                    chipId < 0 || littleEndian(bytes, 0) == chipId, "another chip's state as " + what);
        }
        CorruptStateException.require(
                chips.size() == KvmVmState.values().length, "a machine with " + chips.size() + " chips");
        CorruptStateException.require(
                littleEndian(chips.get(KvmVmState.CLOCK), CLOCK_FLAGS) == 0, "a clock that jumps over the sleep");
    }

    private static int littleEndian(byte @Nullable [] bytes, int at) {
        return bytes == null
                ? -1
                : ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
    }

    /** Reads the chips of a machine whose vCPUs are paused. */
    public static ChipState save(KvmVm vm) {
        Map<KvmVmState, byte[]> chips = new EnumMap<>(KvmVmState.class);
        try (Arena arena = Arena.ofConfined()) {
            for (KvmVmState what : KvmVmState.values()) {
                MemorySegment buffer = arena.allocate(what.size(), 8);
                vm.get(what, buffer);
                if (what == KvmVmState.CLOCK) {
                    // KVM_CLOCK_REALTIME and its fellows would make the guest's clock jump over the sleep; it goes on
                    // where it stopped, and the guest's driver corrects CLOCK_REALTIME alone.
                    new KvmClockData(buffer).setFlags(0);
                }
                chips.put(what, buffer.toArray(ValueLayout.JAVA_BYTE));
            }
        }
        return new ChipState(chips);
    }

    /**
     * Gives the interrupt chips and the PIT to a fresh machine; before its vCPUs.
     *
     * @throws CorruptStateException when KVM does not take one
     */
    public void restoreChips(KvmVm vm) {
        for (KvmVmState what : KvmVmState.values()) {
            if (what != KvmVmState.CLOCK) {
                set(vm, what);
            }
        }
    }

    /** Lets the paravirtual clock go on where it stopped; behind the vCPUs' MSRs, which place the guest's clock page. */
    public void restoreClock(KvmVm vm) {
        set(vm, KvmVmState.CLOCK);
    }

    private void set(KvmVm vm, KvmVmState what) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = chips.getOrDefault(what, new byte[0]);
            MemorySegment buffer = arena.allocate(what.size(), 8);
            MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, 0, bytes.length);
            try {
                vm.set(what, buffer);
            } catch (LinuxException e) {
                if (e.errno() == Errno.EINVAL) {
                    throw new CorruptStateException("this host's KVM refuses its " + what, e);
                }
                throw e;
            }
        }
    }

    /** Appends the state. */
    public void write(StateWriter out) {
        for (KvmVmState what : KvmVmState.values()) {
            out.bytes(chips.getOrDefault(what, new byte[0]));
        }
    }

    /** Reads what {@link #write} wrote. */
    public static ChipState read(StateReader in) {
        Map<KvmVmState, byte[]> chips = new EnumMap<>(KvmVmState.class);
        for (KvmVmState what : KvmVmState.values()) {
            chips.put(what, in.bytes(what.size()));
        }
        return new ChipState(chips);
    }
}
