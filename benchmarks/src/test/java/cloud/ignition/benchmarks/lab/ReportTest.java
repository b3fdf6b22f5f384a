package cloud.ignition.benchmarks.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.StringReader;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.xml.sax.InputSource;

class ReportTest {
    private static final List<String> FACTS = List.of("commit\tabc", "guest\t1 vCPU \"<&>\"");

    private static Stream<String> samples(String part, String who, String what, long... values) {
        return LongStream.of(values).mapToObj(value -> part + "\t" + who + "\t" + what + "\t" + value);
    }

    private static List<String> run() {
        return Stream.of(
                        samples("warm", "ignition", "first_byte_ns", 30_000_000, 10_000_000, 20_000_000),
                        samples("warm", "qemu-microvm", "first_byte_ns", 200_000_000),
                        samples("boot", "ignition", "first_byte_ns", 300_000_000),
                        samples("burst", "ignition", "lost", 1),
                        samples("data", "ignition", "wrk_rps", 90),
                        samples("data", "qemu-microvm", "wrk_rps", 100),
                        samples("density", "ignition", "asleep_bytes", 3 << 20))
                .flatMap(lines -> lines)
                .toList();
    }

    @Test
    void percentilesAreByNearestRank() {
        Spread hundred = new Spread(
                LongStream.rangeClosed(1, 100).map(i -> 101 - i).boxed().toList());
        assertThat(List.of(hundred.p50(), hundred.p95(), hundred.p99(), hundred.max()))
                .containsExactly(50L, 95L, 99L, 100L);
        Spread two = new Spread(List.of(7L, 3L));
        assertThat(List.of(two.p50(), two.p95(), two.max())).containsExactly(3L, 7L, 7L);
        assertThat(new Spread(List.of(5L)).p99()).isEqualTo(5);
        assertThatIllegalArgumentException().isThrownBy(() -> new Spread(List.of()));
    }

    @Test
    void refusesWhatIsNoSample() {
        for (String line : List.of("", "a\tb\tc", "a\tb\tc\td", "a\tb\tc\t1\t2", "a\tb\tc\t1.5")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Samples.parse(List.of(line)))
                    .withMessageContaining("'" + line + "'");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new Report(List.of(), List.of("no tab")));
    }

    @Test
    void theEndingOfANameIsItsUnit() {
        assertThat(Unit.of("first_byte_ns").format(1_234_000_000)).isEqualTo("1234");
        assertThat(Unit.of("first_byte_ns").format(12_340_000)).isEqualTo("12.3");
        assertThat(Unit.of("first_byte_ns").format(1_234_000)).isEqualTo("1.23");
        assertThat(Unit.of("rss_bytes").format(3 << 19)).isEqualTo("1.50");
        assertThat(Unit.of("lost").format(3)).isEqualTo("3");
        assertThat(Unit.bare("to_guest_bps")).isEqualTo("to guest");
    }

    @Test
    void goalsAreRatiosOfOneRun() {
        List<Goal> goals = new Goals(Samples.parse(run())).all();
        assertThat(goals)
                .filteredOn(goal -> goal.seen().isPresent())
                .extracting(Goal::verdict, goal -> goal.seen().getAsDouble())
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("met", 0.1),
                        org.assertj.core.groups.Tuple.tuple("missed", 20 / 300.0),
                        org.assertj.core.groups.Tuple.tuple("met", 1.5),
                        org.assertj.core.groups.Tuple.tuple("missed", 1.0),
                        org.assertj.core.groups.Tuple.tuple("missed", 0.9));
        assertThat(goals)
                .filteredOn(goal -> goal.seen().isEmpty())
                .allMatch(goal -> goal.verdict().equals("not measured"));
    }

    @Test
    void theTableHasFactsNumbersAndGoals() {
        String table = new Report(run(), FACTS).table();
        assertThat(table)
                .contains("- commit: abc\n")
                .contains("| warm | ignition | first byte | ms | 3 | 20.0 | 30.0 | 30.0 | 30.0 |\n")
                .contains("| density | ignition | asleep | MiB | 1 | 3.00 | 3.00 | 3.00 | 3.00 |\n")
                .contains("| SYN → first byte, warm, p50, of QEMU's | ≤ 0.167 | 0.100 | met |\n")
                .contains("| boot → first listen of node, p50, of QEMU's | ≤ 1.00 | – | not measured |\n");
    }

    @Test
    void theJsonQuotes() {
        assertThat(new Report(run(), FACTS).json())
                .contains("\"guest\":\"1 vCPU \\\"<&>\\\"\"")
                .contains(
                        "{\"part\":\"warm\",\"who\":\"ignition\",\"what\":\"first_byte_ns\",\"count\":3,\"p50\":20000000,\"p95\":30000000,\"p99\":30000000,\"max\":30000000}")
                .contains("\"seen\":null,\"verdict\":\"not measured\"");
    }

    @Test
    void thePictureIsXmlWithABarForEach() throws Exception {
        String svg = new Report(run(), FACTS).picture();
        var document =
                DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
        assertThat(document.getDocumentElement().getTagName()).isEqualTo("svg");
        var bars = document.getElementsByTagName("rect");
        assertThat(bars.getLength()).isEqualTo(1 + 3);
        double ours = width(bars.item(1));
        double peer = width(bars.item(2));
        assertThat(peer).isGreaterThan(ours);
        assertThatIllegalArgumentException().isThrownBy(() -> new Picture("").bar("x", true, 2, 1, 3));
    }

    private static double width(org.w3c.dom.Node bar) {
        return Double.parseDouble(bar.getAttributes().getNamedItem("width").getNodeValue());
    }
}
