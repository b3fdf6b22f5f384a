package cloud.ignition.daemon.network;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.app.PortMapping;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

class RulesetTest {
    private final AddressPool pool = AddressPool.parse("10.88.0.0/16");

    private SortedMap<AppAddress, List<PortMapping>> apps(String... ports) {
        SortedMap<AppAddress, List<PortMapping>> apps = new TreeMap<>(Comparator.comparingInt(AppAddress::index));
        for (int i = 0; i < ports.length; i++) {
            apps.put(
                    pool.address(i),
                    ports[i].isEmpty()
                            ? List.of()
                            : List.of(ports[i].split(" ", -1)).stream()
                                    .map(PortMapping::parse)
                                    .toList());
        }
        return apps;
    }

    @Test
    void mapsEachPublishedPortToItsGuest() {
        String text =
                Ruleset.replacing(pool, apps("8080:80 127.0.0.1:9090:90", "5353:53/udp", ""), Set.of(pool.address(1)));
        assertThat(text)
                .contains("8080 : 10.88.0.2 . 80")
                .contains("127.0.0.1 . 9090 : 10.88.0.2 . 90")
                .contains("5353 : 10.88.0.6 . 53")
                .contains("\"ign2\" . 10.88.0.10")
                .containsPattern("set held_back \\{\\s+type ipv4_addr\\s+elements = \\{ 10\\.88\\.0\\.6 }");
    }

    @Test
    @EnabledIf("cloud.ignition.daemon.network.NetworkNamespace#available")
    void nftTakesEveryForm() {
        try (NetworkNamespace namespace = NetworkNamespace.create()) {
            for (String text : List.of(
                    Ruleset.replacing(pool, apps(""), Set.of()),
                    Ruleset.replacing(pool, apps("8080:80"), Set.of()),
                    Ruleset.replacing(
                            pool,
                            apps("8080:80 127.0.0.1:9090:90", "5353:53/udp 10.0.0.1:1:1/udp"),
                            Set.of(pool.address(0))))) {
                namespace.run(text, "nft", "-f", "-");
                assertThat(namespace.run("", "nft", "list", "tables")).contains("table ip ignition");
            }
            namespace.run(Ruleset.removing(), "nft", "-f", "-");
            namespace.run(Ruleset.removing(), "nft", "-f", "-");
            assertThat(namespace.run("", "nft", "list", "tables")).doesNotContain("ignition");
        }
    }
}
