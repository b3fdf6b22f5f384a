package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class EventFdTest {
    @Test
    void countsSignalsUntilDrained() {
        try (EventFd event = EventFd.create()) {
            assertThat(event.drain()).isZero();
            event.signal();
            event.signal();
            assertThat(event.drain()).isEqualTo(2);
            assertThat(event.drain()).isZero();
        }
    }

    @Test
    void signalOfAFullCounterDoesNotFailOrBlock() {
        try (EventFd event = EventFd.create();
                Arena arena = Arena.ofConfined()) {
            assertThat(event.fd().write(arena.allocateFrom(JAVA_LONG, -2L))).isEqualTo(8);
            event.signal();
            assertThat(event.drain()).isEqualTo(-2L);
        }
    }

    @Test
    void aClosedOneRefuses() {
        EventFd event = EventFd.create();
        event.close();
        event.close();
        assertThatThrownBy(event::signal).isInstanceOf(LinuxException.class).hasMessageContaining("EBADF");
        assertThat(event.toString()).contains("eventfd", "closed");
    }
}
