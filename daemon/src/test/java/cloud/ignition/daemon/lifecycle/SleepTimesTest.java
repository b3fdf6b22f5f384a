package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SleepTimesTest {
    private long now = 7;
    private final SleepTimes times = new SleepTimes(() -> now);

    @Test
    void tellsTheWayFromIdleToGone() {
        times.decided();
        now += 12_340_000;
        times.atRest();
        now += 1_000_000;
        times.saving();
        now += 800_000_000;
        times.saved();
        now += 5_000_000;
        assertThat(times.asleep())
                .isEqualTo("sleeping; at rest 12.3 ms after it was idle; saved in 800.0 ms; gone 5.0 ms later");
    }

    @Test
    void tellsOnlyWhatWasSeen() {
        times.saving();
        now += 3_000_000;
        times.saved();
        assertThat(times.asleep()).isEqualTo("sleeping; saved in 3.0 ms; gone 0.0 ms later");
        times.decided();
        times.saving(); // and failed
        assertThat(times.asleep()).isEqualTo("sleeping");
    }

    @Test
    void forgetsTheTimeBefore() {
        times.decided();
        times.atRest();
        times.saving();
        times.saved();
        times.asleep();
        assertThat(times.asleep()).isEqualTo("sleeping");
    }
}
