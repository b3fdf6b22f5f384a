package cloud.ignition.vmm;

import java.util.Map;
import java.util.TreeMap;

/**
 * What a snapshot is a snapshot of, in the owner's words (image digest, kernel hash …); stored in the manifest and
 * compared by the owner before a restore.
 *
 * @param facts keys of {@code [a-z0-9-]}, values without control characters
 */
public record SnapshotSubject(Map<String, String> facts) {
    private static final int MAX_FACTS = 32;

    /**
     * @throws IllegalArgumentException when there are more than 32 facts, or when a key or a value could not stand on one manifest line
     */
    public SnapshotSubject {
        facts = Map.copyOf(new TreeMap<>(facts));
        if (facts.size() > MAX_FACTS) {
            throw new IllegalArgumentException(facts.size() + " snapshot facts, more than " + MAX_FACTS);
        }
        facts.forEach((key, value) -> {
            if (!key.matches("[a-z0-9-]{1,64}")) {
                throw new IllegalArgumentException("snapshot fact \"" + key + "\" is not of [a-z0-9-]{1,64}");
            }
            if (value.length() > 1024 || value.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
                throw new IllegalArgumentException("the value of snapshot fact " + key + " is not one short line");
            }
        });
    }
}
