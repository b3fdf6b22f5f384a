package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.app.AppState;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TransitionsTest {
    private static Set<AppState> after(AppState from) {
        return Stream.of(AppState.values())
                .filter(to -> Transitions.allowed(from, to))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(AppState.class)));
    }

    @ParameterizedTest
    @EnumSource(AppState.class)
    void everyStateCanBeLeftAndIsNotItsOwnSuccessor(AppState state) {
        assertThat(after(state)).isNotEmpty().doesNotContain(state);
    }

    @ParameterizedTest
    @EnumSource(value = AppState.class, mode = EnumSource.Mode.EXCLUDE, names = "STOPPED")
    void everythingCanBeStopped(AppState state) {
        assertThat(after(state)).contains(AppState.STOPPED);
    }

    @Test
    void onlyAWakeOrABootMakesAnAppRun() {
        assertThat(Stream.of(AppState.values()).filter(from -> Transitions.allowed(from, AppState.RUNNING)))
                .containsExactlyInAnyOrder(AppState.BOOTING, AppState.STANDBY, AppState.SUSPENDING, AppState.WAKING);
    }

    @Test
    void whatIsStoppedIsNotWoken() {
        assertThat(Stream.of(AppState.values()).filter(from -> Transitions.allowed(from, AppState.WAKING)))
                .containsExactly(AppState.SLEEPING);
        assertThat(after(AppState.STOPPED)).doesNotContain(AppState.SLEEPING, AppState.RUNNING);
        assertThat(after(AppState.EXITED)).doesNotContain(AppState.SLEEPING, AppState.RUNNING);
        assertThat(after(AppState.FAILED)).doesNotContain(AppState.SLEEPING, AppState.RUNNING);
    }

    @Test
    void everyStateCanBeReached() {
        Set<AppState> reached = EnumSet.of(AppState.CREATED);
        boolean grew = true;
        while (grew) {
            Set<AppState> next = EnumSet.copyOf(reached);
            reached.forEach(from -> next.addAll(after(from)));
            grew = reached.addAll(next);
        }
        assertThat(reached).containsExactlyInAnyOrder(AppState.values());
    }
}
