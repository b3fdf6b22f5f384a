package cloud.ignition.e2e.traffic;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How long each kind of step took. */
final class Times {
    private final Map<String, List<Long>> nanos = new TreeMap<>();

    void add(String step, long duration) {
        nanos.computeIfAbsent(step, name -> new ArrayList<>()).add(duration);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("milliseconds, median/max:");
        nanos.forEach((step, all) -> {
            List<Long> sorted = all.stream().sorted().toList();
            text.append(' ')
                    .append(step)
                    .append('=')
                    .append(sorted.get(sorted.size() / 2) / 1_000_000)
                    .append('/')
                    .append(sorted.getLast() / 1_000_000);
        });
        return text.toString();
    }
}
