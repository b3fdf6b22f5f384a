package cloud.ignition.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EpollTest {
    private final Epoll epoll = Epoll.create();
    private final EventFd one = EventFd.create();
    private final EventFd two = EventFd.create();
    private final Epoll.Events events = new Epoll.Events(8);

    @AfterEach
    void close() {
        epoll.close();
        one.close();
        two.close();
    }

    @Test
    void tellsWhichDescriptorsAreReadyByTheirTokens() {
        epoll.add(one.fd(), Epoll.IN, Long.MIN_VALUE + 1);
        epoll.add(two.fd(), Epoll.IN, 2);
        assertThat(epoll.await(events, 0)).isZero();
        one.signal();
        two.signal();
        assertThat(epoll.await(events, -1)).isEqualTo(2);
        assertThat(events.count()).isEqualTo(2);
        assertThat(Set.of(events.token(0), events.token(1))).isEqualTo(new HashSet<>(Set.of(Long.MIN_VALUE + 1, 2L)));
        assertThat(events.events(0)).isEqualTo(Epoll.IN);
    }

    @Test
    void deliversNoMoreThanThereIsRoomFor() {
        epoll.add(one.fd(), Epoll.OUT, 1);
        epoll.add(two.fd(), Epoll.OUT, 2);
        Epoll.Events single = new Epoll.Events(1);
        assertThat(epoll.await(single, -1)).isEqualTo(1);
        long first = single.token(0);
        assertThat(epoll.await(single, -1)).isEqualTo(1);
        assertThat(single.token(0)).as("the other one's turn").isEqualTo(3 - first);
    }

    @Test
    void edgeTriggeredReportsOnlyNewSignals() {
        epoll.add(one.fd(), Epoll.IN | Epoll.ET, 1);
        one.signal();
        assertThat(epoll.await(events, -1)).isEqualTo(1);
        assertThat(epoll.await(events, 0)).isZero();
        one.signal();
        assertThat(epoll.await(events, -1)).isEqualTo(1);
    }

    @Test
    void oneshotIsRearmedByModify() {
        epoll.add(one.fd(), Epoll.IN | Epoll.ONESHOT, 1);
        one.signal();
        assertThat(epoll.await(events, -1)).isEqualTo(1);
        assertThat(epoll.await(events, 0)).isZero();
        epoll.modify(one.fd(), Epoll.IN | Epoll.ONESHOT, 5);
        assertThat(epoll.await(events, -1)).isEqualTo(1);
        assertThat(events.token(0)).isEqualTo(5);
    }

    @Test
    void removedOnesAreSilent() {
        epoll.add(one.fd(), Epoll.IN, 1);
        one.signal();
        epoll.remove(one.fd());
        assertThat(epoll.await(events, 0)).isZero();
    }

    @Test
    void saysWhatWentWrong() {
        epoll.add(one.fd(), Epoll.IN, 1);
        assertThatThrownBy(() -> epoll.add(one.fd(), Epoll.IN, 1))
                .isInstanceOf(LinuxException.class)
                .hasMessage("epoll_ctl add " + one.fd() + ": File exists (EEXIST)");
        assertThatThrownBy(() -> epoll.remove(two.fd()))
                .hasMessageContaining("epoll_ctl remove")
                .hasMessageContaining("ENOENT");
    }

    @Test
    void eventsBeyondTheLastAreNotReadable() {
        epoll.add(one.fd(), Epoll.IN, 1);
        one.signal();
        epoll.await(events, -1);
        assertThatThrownBy(() -> events.token(1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> events.events(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> new Epoll.Events(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
