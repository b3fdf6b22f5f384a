package cloud.ignition.daemon.app;

import java.util.List;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/** Names of apps: the rule, and made-up ones for users who give none. */
public final class AppNames {
    private static final List<String> FIRST = List.of(
            "amber", "brisk", "calm", "clear", "dawn", "ember", "fresh", "gentle", "keen", "lively", "mild", "noble",
            "quick", "quiet", "ready", "silent", "spry", "still", "sunny", "swift", "tidy", "vivid", "warm", "witty");
    private static final List<String> SECOND = List.of(
            "badger", "beacon", "cedar", "comet", "crane", "falcon", "fern", "finch", "flint", "fox", "hare", "heron",
            "kite", "lark", "lynx", "maple", "otter", "owl", "pine", "raven", "robin", "spark", "torch", "wren");

    private AppNames() {}

    /**
     * Checks a name given by a user.
     *
     * @throws UserException when it does not match {@code [a-z0-9][a-z0-9_.-]{0,62}}
     */
    public static void check(String name) {
        if (!AppSpecRules.isName(name)) {
            throw UserException.invalid("app name '" + name
                    + "' is not allowed; use 1 to 63 of a-z 0-9 _ . - and begin with a letter or digit");
        }
    }

    /** A made-up name for which {@code taken} is false. */
    public static String generate(RandomGenerator random, Predicate<String> taken) {
        while (true) {
            String name = FIRST.get(random.nextInt(FIRST.size())) + "-" + SECOND.get(random.nextInt(SECOND.size()));
            if (!taken.test(name)) {
                return name;
            }
            String numbered = name + "-" + random.nextInt(10_000);
            if (!taken.test(numbered)) {
                return numbered;
            }
        }
    }
}
