package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Sockets between host and guest with the guest kernel's own driver: both ways, over sleeps and over a daemon's end. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class VsockIT {
    /**
     * In the guest: an echo at port 7000 of its sockets; at TCP port 9000 a line is answered by {@code pong}, or after {@code dial} by
     * what the host's port 800 says to two megabytes.
     */
    private static final String GUEST = """
            use Socket;
            $SIG{CHLD} = "IGNORE";
            sub address { pack "SSLLx4", 40, 0, @_ }
            sub pattern { join "", map { pack "N", ($_ * 2654435761) & 0xffffffff } 1..500000 }
            sub all { my ($to, $data) = @_; my $o = 0; while ($o < length $data) {
                my $n = syswrite $to, $data, 65536, $o; die "write: $!" unless defined $n; $o += $n } }
            socket my $v, 40, SOCK_STREAM, 0 or die "socket: $!";
            bind $v, address(7000, 0xffffffff) or die "bind: $!";
            listen $v, 8 or die "listen: $!";
            if (!fork) { while (1) { accept my $c, $v or next;
                if (!fork) { while (sysread $c, my $b, 65536) { all($c, $b) } exit } close $c } }
            socket my $t, PF_INET, SOCK_STREAM, 6 or die;
            bind $t, sockaddr_in(9000, INADDR_ANY) or die;
            listen $t, 8 or die;
            while (1) { accept my $c, $t or next; my $line = readline $c;
                if ($line =~ /dial/) {
                    socket my $s, 40, SOCK_STREAM, 0 or die;
                    if (connect $s, address(800, 2)) { all($s, pattern()); shutdown $s, 1; print $c readline $s; close $s }
                    else { print $c "refused: $!" }
                } else { print $c "pong" } close $c }
            """;

    /** On the host: connects to the guest's port 7000. */
    private static final String HOST = """
            use IO::Socket::UNIX;
            sub connected { my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!";
                syswrite $s, "CONNECT 7000\\n"; my $l = "";
                while (sysread $s, my $b, 1) { $l .= $b; last if $b eq "\\n" }
                die "no OK but: $l" unless $l =~ /^OK \\d+\\n$/; $s }
            sub pattern { join "", map { pack "N", ($_ * 2654435761) & 0xffffffff } 1..500000 }
            """;

    private static final String TCP = "exec 3<>/dev/tcp/127.0.0.1/9000; echo %s >&3; timeout 200 cat <&3";

    private final Ignition ignition;
    private String path = "";

    VsockIT(Ignition ignition) {
        this.ignition = ignition;
    }

    @BeforeEach
    void run() {
        ignition.ok(
                "run",
                "-d",
                "--name",
                "vsock",
                "-p",
                "9000:9000",
                "--idle",
                "12s",
                "--entrypoint",
                "perl",
                Ignition.REGISTRY + "/redis:latest",
                "-e",
                GUEST);
        ignition.await("vsock", "sleeping");
        path = ignition.shell("curl -s --unix-socket " + Ignition.SOCKET + " http://ignition/v1/apps/vsock"
                        + " | sed 's/.*\"vsock\":\"\\([^\"]*\\)\".*/\\1/'")
                .strip();
        assertThat(path).endsWith("/vsock");
    }

    @AfterEach
    void remove() {
        ignition.ok("rm", "--force", "vsock");
        assertThat(ignition.shell("ls " + path + " 2>&1 || true")).contains("No such file");
    }

    private String perl(String program) {
        return "perl -e '" + HOST + program + "' " + path;
    }

    private void wake() {
        assertThat(ignition.shell(TCP.formatted("ping"))).isEqualTo("pong");
    }

    @Test
    void streamsBothWaysComeBackWhole() {
        wake();
        String echo = ignition.shell(perl("""
                my $s = connected(); my $data = pattern();
                if (!fork) { my $o = 0; $o += syswrite $s, $data, 65536, $o while $o < length $data; shutdown $s, 1; exit }
                my $got = ""; while (sysread $s, my $b, 65536) { $got .= $b }
                print $got eq $data ? "same " . length $got : "differs " . length $got;
                """));
        assertThat(echo).isEqualTo("same 2000000");
        assertThat(ignition.shell(TCP.formatted("dial"))).startsWith("refused: Connection reset");
        String dialled = ignition.shell(perl("""
                my $l = IO::Socket::UNIX->new(Local => "$ARGV[0]_800", Listen => 1) or die "listen: $!";
                if (!fork) { exec "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9000; echo dial >&3; timeout 200 cat <&3" }
                my $s = $l->accept; my $got = ""; while (sysread $s, my $b, 65536) { $got .= $b }
                syswrite $s, ($got eq pattern() ? "same " : "differs ") . length $got; close $s; wait;
                """));
        assertThat(dialled).isEqualTo("same 2000000");
    }

    @Test
    void anOpenConnectionOutlivesTheSleepAndAListenerTheDaemon() {
        wake();
        String answers = ignition.shell(perl("""
                my $s = connected();
                sub ask { syswrite $s, "$_[0]\\n"; print scalar readline $s }
                ask("one");
                for my $i (2, 3) {
                    for (1..900) { last if `curl -s --unix-socket %s http://ignition/v1/apps/vsock` =~ /"state":"sleeping"/;
                        select undef, undef, undef, 0.2 }
                    syswrite $s, "asleep $i\\n";
                    system "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9000; echo ping >&3; timeout 200 cat <&3 >/dev/null";
                    print scalar readline $s;
                }
                ask("end");
                """.formatted(Ignition.SOCKET)));
        assertThat(answers.lines()).containsExactly("one", "asleep 2", "asleep 3", "end");
        assertThat(ignition.number("vsock", "coldBoots")).isOne();
        assertThat(ignition.terminateDaemon().exitCode()).isZero();
        ignition.startDaemon();
        wake();
        assertThat(ignition.shell(perl("my $s = connected(); syswrite $s, \"again\\n\"; print scalar readline $s;")))
                .isEqualTo("again\n");
        assertThat(ignition.number("vsock", "coldBoots")).isOne();
    }
}
