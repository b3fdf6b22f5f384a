package cloud.ignition.benchmarks.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a session wrote: lines of part, who, what, and a whole number, with tabs between them. */
final class Samples {
    /**
     * What a number is of.
     *
     * @param part of the session
     * @param who contender
     * @param what was measured; its ending is the unit: {@code _ns}, {@code _bytes}, {@code _bps} bits per second, {@code _rps} requests per
     *     second, none for a count
     */
    record Key(String part, String who, String what) {}

    private final Map<Key, List<Long>> values = new LinkedHashMap<>();

    private Samples() {}

    /**
     * Reads all lines.
     *
     * @throws IllegalArgumentException when one is not of this form; the message quotes it
     */
    static Samples parse(List<String> lines) {
        Samples samples = new Samples();
        for (String line : lines) {
            String[] fields = line.split("\t", -1);
            if (fields.length != 4 || !fields[3].matches("-?[0-9]{1,18}")) {
                throw new IllegalArgumentException("not a sample: '" + line + "'");
            }
            samples.values
                    .computeIfAbsent(new Key(fields[0], fields[1], fields[2]), key -> new ArrayList<>())
                    .add(Long.parseLong(fields[3]));
        }
        return samples;
    }

    /** In the order of their first lines. */
    List<Key> keys() {
        return List.copyOf(values.keySet());
    }

    Optional<Spread> spread(String part, String who, String what) {
        return Optional.ofNullable(values.get(new Key(part, who, what))).map(Spread::new);
    }

    Spread spread(Key key) {
        return spread(key.part(), key.who(), key.what()).orElseThrow();
    }
}
