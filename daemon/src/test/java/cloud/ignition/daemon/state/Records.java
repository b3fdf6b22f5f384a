package cloud.ignition.daemon.state;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.GuestEnd;
import cloud.ignition.daemon.app.IdlePolicy;
import cloud.ignition.daemon.app.NetLimit;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.daemon.app.PortMapping;
import cloud.ignition.daemon.app.SnapshotTrigger;
import cloud.ignition.daemon.image.Launch;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Records for tests. */
final class Records {
    private Records() {}

    /** One with a value in every field. */
    static AppRecord full() {
        AppSpec spec = new AppSpec(
                "web",
                "127.0.0.1:5000/nginx:latest",
                2,
                128L << 20,
                new CpuLimit(1250),
                new NetLimit(10 << 20, 5000),
                List.of(PortMapping.parse("8080:80"), PortMapping.parse("127.0.0.1:53:53/udp")),
                List.of("A=\"quoted\"\nline", "B=ä"),
                List.of("-g", "daemon off;"),
                Optional.of("/usr/sbin/nginx"),
                Optional.of("www-data"),
                Optional.of("/srv"),
                SnapshotTrigger.parse("nth-listen:2"),
                new IdlePolicy(Duration.ofMillis(2500), Duration.ofSeconds(90), OnIdle.DISCARD),
                true);
        Launch launch = new Launch(
                "sha256:" + "a".repeat(64),
                Path.of("/var/lib/ignition/images/root.sqfs"),
                List.of("/usr/sbin/nginx", "-g", "daemon off;"),
                List.of("PATH=/bin"),
                "/srv",
                "www-data",
                3);
        return new AppRecord(
                "0123456789ab",
                spec,
                7,
                Instant.parse("2026-11-24T01:02:03.000456Z"),
                AppRecord.Phase.UP,
                Instant.parse("2026-11-24T01:02:04Z"),
                "a message",
                Optional.of(3),
                Optional.of(new GuestEnd(GuestEnd.Kind.TRIPLE_FAULT, List.of("one", "two"))),
                Optional.of(launch),
                "sha256:" + "b".repeat(64),
                5,
                2);
    }
}
