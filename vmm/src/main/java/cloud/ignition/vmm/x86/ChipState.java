package cloud.ignition.vmm.x86;

import cloud.ignition.linux.kvm.KvmClockData;
import cloud.ignition.linux.kvm.KvmVm;
import cloud.ignition.linux.kvm.KvmVmState;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.Map;

/**
 * The chips that KVM emulates for the whole machine: both PICs, the I/O APIC, the PIT, and the paravirtual clock.
 *
 * @param chips each of KVM's structures, byte for byte
 */
public record ChipState(Map<KvmVmState, byte[]> chips) {
    /**
     * @throws CorruptStateException when a chip is missing or its structure has another size
     */
    public ChipState {
        for (KvmVmState what : KvmVmState.values()) {
            byte[] bytes = chips.get(what);
            CorruptStateException.require(
                    bytes != null && bytes.length == what.size(), "a machine without a usable " + what);
        }
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

    /** Gives the interrupt chips and the PIT to a fresh machine; before its vCPUs. */
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
            vm.set(what, buffer);
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
