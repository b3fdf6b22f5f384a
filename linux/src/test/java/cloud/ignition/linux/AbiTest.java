package cloud.ignition.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.StructLayout;
import java.lang.reflect.Field;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Layouts and constants of the package against the C compiler's. */
class AbiTest {
    private final CTable table = new CTable(
            "errno.h",
            "fcntl.h",
            "signal.h",
            "time.h",
            "unistd.h",
            "net/if.h",
            "sys/epoll.h",
            "sys/eventfd.h",
            "sys/ioctl.h",
            "sys/mman.h",
            "sys/resource.h",
            "sys/socket.h",
            "sys/stat.h",
            "sys/timerfd.h",
            "sys/uio.h",
            "sys/un.h",
            "linux/if_tun.h",
            "linux/rtnetlink.h",
            "linux/vhost.h");

    @Test
    void everyNamedMemberOfEveryStructIsWhereTheCompilerPutsIt() throws Exception {
        int structs = 0;
        for (Field f : Structs.class.getDeclaredFields()) {
            if (f.getType() == StructLayout.class) {
                table.expectStruct((StructLayout) f.get(null));
                structs++;
            }
        }
        assertThat(structs).isEqualTo(18);
        assertThat(table.compileAndRun()).isEqualTo(table.java());
    }

    @Test
    void everyConstantHasTheHeadersValue() throws Exception {
        table.expectConstants(Errno.class, UnaryOperator.identity());
        table.expectConstants(Fd.class, UnaryOperator.identity());
        table.expectConstants(EventFd.class, UnaryOperator.identity());
        table.expectConstants(TimerFd.class, UnaryOperator.identity());
        table.expectConstants(Epoll.class, name -> name.startsWith("EPOLL") ? name : "EPOLL" + name);
        table.expectConstants(Mmap.class, UnaryOperator.identity());
        table.expectConstants(Clocks.class, UnaryOperator.identity());
        table.expectConstants(Tap.class, name -> name.equals("MAX_NAME_LENGTH") ? "IFNAMSIZ - 1" : name);
        table.expectConstants(RouteSocket.class, UnaryOperator.identity());
        table.expectConstants(VhostNet.class, UnaryOperator.identity());
        table.expectConstants(
                UnixSocket.class,
                name -> name.equals("MAX_PATH_BYTES") ? "sizeof(((struct sockaddr_un *)0)->sun_path) - 1" : name);
        table.expectConstants(ThreadKicker.class, name -> name.equals("SIGNAL") ? "SIGRTMIN + 6" : name);
        table.expectConstants(ResourceLimit.class, UnaryOperator.identity());
        table.expectConstants(Pages.class, name -> name.equals("SIZE") ? "sysconf(_SC_PAGESIZE)" : name);
        Map<String, Long> c = table.compileAndRun();
        assertThat(c).hasSizeGreaterThan(80).isEqualTo(table.java());
    }
}
