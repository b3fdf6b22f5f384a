package cloud.ignition.vmm.doorbell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.memory.RamLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DoorbellDeviceTest {
    private static final long SIZE = 64L << 20;
    private static final long FRAME = 0x123;
    private static final long PAGE = FRAME << 12;

    private final List<Doorbell> rings = new ArrayList<>();
    private Mmap backing;
    private GuestMemory memory;
    private DoorbellDevice device;

    @BeforeEach
    void allocate() {
        backing = Mmap.anonymous(SIZE);
        memory = GuestMemory.over(RamLayout.of(SIZE), backing.segment());
        device = new DoorbellDevice(memory, rings::add);
    }

    @AfterEach
    void release() {
        backing.close();
    }

    @Test
    void readsTheEventFromTheNamedPage() {
        namePage();
        memory.setInt(PAGE + 8, 8080);
        memory.setInt(PAGE + 12, 42);
        memory.write(PAGE + 16, "ngi\nx".getBytes(StandardCharsets.US_ASCII));
        device.write(0, 1, 'L');
        assertThat(rings).containsExactly(new Doorbell(Doorbell.Kind.LISTEN, 8080, 42, "ngi?x", 0));
    }

    @Test
    void aGuestAtRestSaysWhetherItHasWork() {
        namePage();
        memory.setInt(PAGE + 80, 3);
        device.write(0, 1, 'Q');
        device.write(0, 1, 'L'); // stands there from another ring
        assertThat(rings).extracting(Doorbell::atWork).containsExactly(3, 0);
    }

    @Test
    void ringsWithoutDetailsBeforeAPageIsNamed() {
        device.write(0, 1, 'P');
        device.write(0, 1, 'X');
        assertThat(rings)
                .containsExactly(
                        new Doorbell(Doorbell.Kind.POWER_OFF, 0, 0, "", 0),
                        new Doorbell(Doorbell.Kind.PANIC, 0, 0, "", 0));
    }

    @Test
    void refreshesTheWallClockAndNothingElse() {
        device.refreshWallClock(1);
        namePage();
        byte[] before = memory.read(PAGE, 4096);
        device.refreshWallClock(1_700_000_000_123_456_789L);
        byte[] after = memory.read(PAGE, 4096);
        assertThat(memory.getLong(PAGE + 40)).isEqualTo(1_700_000_000_123_456_789L);
        System.arraycopy(before, 40, after, 40, 8);
        assertThat(after).isEqualTo(before);
    }

    @Test
    void ignoresPagesOutsideTheMemoryAndWithoutMagic() {
        for (long frame : new long[] {0, 7, SIZE >> 12, 0xffff_ffffL}) {
            device.write(4, 4, frame);
            assertThat(device.save(true).pageFrame()).isZero();
        }
    }

    @Test
    void ignoresUnknownLettersWidthsAndOffsets() {
        device.write(0, 1, 'z');
        device.write(0, 2, 'L');
        device.write(1, 1, 'L');
        device.write(4, 1, FRAME);
        assertThat(rings).isEmpty();
        assertThat(device.read(0, 1)).isEqualTo(-1);
    }

    @Test
    void renewalReachesThePageOfARestoredDevice() {
        namePage();
        DoorbellDevice restored = new DoorbellDevice(memory, rings::add);
        restored.restore(device.save(true));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment seed = arena.allocate(32).fill((byte) 9);
            restored.renew(5, 1_000_000_007L, seed);
        }
        assertThat(memory.getLong(PAGE + 32)).isEqualTo(5);
        assertThat(memory.getLong(PAGE + 40)).isEqualTo(1_000_000_007L);
        assertThat(memory.read(PAGE + 48, 32)).containsOnly(9);
    }

    @Test
    void aSavedPageOutsideTheMemoryIsRefused() {
        assertThatThrownBy(() -> device.restore(new DoorbellState(SIZE >> 12, true)))
                .isInstanceOf(GuestLieException.class);
    }

    private void namePage() {
        memory.write(PAGE, "IGN1".getBytes(StandardCharsets.US_ASCII));
        device.write(4, 4, FRAME);
        assertThat(device.save(true).pageFrame()).isEqualTo(FRAME);
    }
}
