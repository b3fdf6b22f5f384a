package cloud.ignition.cli.render;

import cloud.ignition.cli.CliException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes and times as people read and write them. */
public final class Units {
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,12})([kKmMgG]?)(i?[bB])?");
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,10})(ms|s|m|h|d)?");
    private static final Pattern CPUS = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3})?");
    private static final long MIB = 1L << 20;

    private Units() {}

    /**
     * Reads a size such as {@code 256M} or {@code 1GiB}; factors are 1024.
     *
     * @param option named in the error
     * @return bytes
     */
    public static long parseBytes(String option, String text) {
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            throw CliException.usage(
                    "option " + option + ": '" + text + "' is not a size; write for example 256M or 1G");
        }
        long number = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2).toLowerCase(Locale.ROOT)) {
            case "k" -> number << 10;
            case "m" -> number << 20;
            case "g" -> number << 30;
            default -> number;
        };
    }

    /**
     * Reads a rate such as {@code 10M} or {@code 10MB/s}: a size for each second.
     *
     * @param option named in the error
     * @return bytes a second
     */
    public static long parseBytesPerSecond(String option, String text) {
        String size = text.endsWith("/s") ? text.substring(0, text.length() - 2) : text;
        if (!SIZE.matcher(size).matches()) {
            throw CliException.usage("option " + option + ": '" + text
                    + "' is not a rate in bytes a second; write for example 512K or 10M/s");
        }
        return parseBytes(option, size);
    }

    /**
     * Reads a number of CPUs such as {@code 2} or {@code 0.5}.
     *
     * @param option named in the error
     * @return thousandths of a CPU
     */
    public static int parseMilliCpus(String option, String text) {
        if (!CPUS.matcher(text).matches()) {
            throw CliException.usage(
                    "option " + option + ": '" + text + "' is not a number of CPUs; write for example 0.5 or 2");
        }
        return new BigDecimal(text).movePointRight(3).intValueExact();
    }

    /**
     * Reads a time such as {@code 10s}, {@code 500ms}, {@code 5m}; a bare number is seconds.
     *
     * @param option named in the error
     */
    public static Duration parseDuration(String option, String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw CliException.usage(
                    "option " + option + ": '" + text + "' is not a time; write for example 10s, 500ms or 5m");
        }
        long number = Long.parseLong(matcher.group(1));
        String unit = matcher.group(2) == null ? "s" : matcher.group(2);
        return switch (unit) {
            case "ms" -> Duration.ofMillis(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            case "d" -> Duration.ofDays(number);
            default -> Duration.ofSeconds(number);
        };
    }

    /**
     * Reads a whole number.
     *
     * @param option named in the error
     */
    public static int parseCount(String option, String text, int least, int most) {
        if (text.matches("[0-9]{1,9}")) {
            int value = Integer.parseInt(text);
            if (value >= least && value <= most) {
                return value;
            }
        }
        throw CliException.usage(
                "option " + option + ": '" + text + "' is not a whole number from " + least + " to " + most);
    }

    /** A size in MiB, rounded up, so that only nothing is shown as 0. */
    public static String mebibytes(long bytes) {
        return (bytes + MIB - 1) / MIB + " MiB";
    }

    /** The time between two instants in its largest unit, such as {@code 12 s} or {@code 3 h}. */
    public static String age(Instant since, Instant now) {
        long seconds = Math.max(0, Duration.between(since, now).toSeconds());
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3600) {
            return seconds / 60 + " min";
        }
        return seconds < 86_400 ? seconds / 3600 + " h" : seconds / 86_400 + " d";
    }

    /** Nanoseconds as milliseconds with two decimals. */
    public static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.2f ms", nanos / 1e6);
    }
}
