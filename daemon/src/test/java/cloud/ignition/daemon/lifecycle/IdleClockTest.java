package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.vmm.Activity;
import org.junit.jupiter.api.Test;

class IdleClockTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long START = 1000 * SECOND;

    private static Activity activity(long lastPacket, long cpu) {
        return new Activity(0, 0, 0, 0, lastPacket, cpu);
    }

    @Test
    void idlesAfterTheIdleTimeWithoutAnything() {
        IdleClock clock = new IdleClock(10 * SECOND, START, activity(0, 0));
        assertThat(clock.nanosUntilIdle(START + 10 * SECOND, activity(0, SECOND / 100)))
                .isNotPositive();
    }

    @Test
    void waitsForTheIdleTimeAfterTheLastPacket() {
        IdleClock clock = new IdleClock(10 * SECOND, START, activity(0, 0));
        long packet = START + 6 * SECOND;
        assertThat(clock.nanosUntilIdle(START + 10 * SECOND, activity(packet, 5 * SECOND)))
                .isEqualTo(6 * SECOND);
        assertThat(clock.nanosUntilIdle(START + 16 * SECOND, activity(packet, 5 * SECOND)))
                .isNotPositive();
    }

    @Test
    void workWithoutPacketsIsNotIdle() {
        IdleClock clock = new IdleClock(10 * SECOND, START, activity(0, 0));
        long cpu = 2 * SECOND; // a fifth of a CPU
        assertThat(clock.nanosUntilIdle(START + 10 * SECOND, activity(0, cpu))).isEqualTo(10 * SECOND);
        assertThat(clock.nanosUntilIdle(START + 20 * SECOND, activity(0, cpu))).isNotPositive();
    }

    @Test
    void looksOnceMoreAtVcpuTimeAfterPackets() {
        // The packet is old already at the late look, but the work it started may still go on.
        IdleClock clock = new IdleClock(10 * SECOND, START, activity(0, 0));
        long packet = START + SECOND / 2;
        assertThat(clock.nanosUntilIdle(START + 11 * SECOND, activity(packet, 9 * SECOND)))
                .isEqualTo(SECOND);
        assertThat(clock.nanosUntilIdle(START + 12 * SECOND, activity(packet, 10 * SECOND)))
                .isEqualTo(10 * SECOND);
    }

    @Test
    void aFormerLifesPacketsDoNotCount() {
        IdleClock clock = new IdleClock(10 * SECOND, START, activity(START - SECOND, 7 * SECOND));
        assertThat(clock.nanosUntilIdle(START + 10 * SECOND, activity(START - SECOND, 7 * SECOND)))
                .isNotPositive();
    }
}
