package cloud.ignition.oci.registry;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A {@code WWW-Authenticate} header (RFC 9110, section 11.6.1), of one scheme.
 *
 * @param scheme lower-case
 * @param parameters lower-case name to unquoted value
 */
record Challenge(String scheme, Map<String, String> parameters) {
    private static final int MAX_HEADER = 8 << 10;
    private static final Pattern SCHEME = Pattern.compile("\\s*([A-Za-z]+)(?:\\s+|$)");
    private static final Pattern PARAMETER =
            Pattern.compile("\\s*([A-Za-z_]+)\\s*=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|([^\\s,\"]+))\\s*(?:,|$)");

    /** Parses a header; empty when it cannot be understood. */
    static Optional<Challenge> parse(String header) {
        Matcher scheme = SCHEME.matcher(header);
        if (header.length() > MAX_HEADER || !scheme.lookingAt()) {
            return Optional.empty();
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        Matcher parameter = PARAMETER.matcher(header);
        parameter.region(scheme.end(), header.length());
        while (parameter.lookingAt()) {
            String quoted = parameter.group(2);
            String value = quoted != null ? quoted.replaceAll("\\\\(.)", "$1") : parameter.group(3);
            parameters.put(parameter.group(1).toLowerCase(Locale.ROOT), value);
            parameter.region(parameter.end(), header.length());
        }
        return Optional.of(new Challenge(scheme.group(1).toLowerCase(Locale.ROOT), parameters));
    }
}
