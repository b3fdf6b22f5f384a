package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.vmm.codec.CorruptStateException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A manifest's text: lines of {@code key = value}, UTF-8. In every version the first line is the format's version and the
 * last one the SHA-256 of all bytes before it, so that a file cut off or changed anywhere is told from a whole one, and a
 * whole one of another version from both.
 */
final class ManifestText {
    /** The first line's key. */
    static final String FORMAT_VERSION = "format-version";

    /** What the keys of the owner's facts start with. */
    static final String SUBJECT_PREFIX = "subject.";

    private static final String DIGEST_KEY = "manifest-sha256";
    private static final String SEPARATOR = " = ";
    private static final String CPUID_PREFIX = "cpuid.";
    /** Bytes of the last line: key, separator, 64 digits, line end. */
    private static final int DIGEST_LINE = DIGEST_KEY.length() + SEPARATOR.length() + 64 + 1;

    private final String text;
    private final Map<String, String> values;

    private ManifestText(String text, Map<String, String> values) {
        this.text = text;
        this.values = values;
    }

    /**
     * Checks the digest and splits the lines.
     *
     * @throws CorruptStateException when the digest does not match
     */
    static ManifestText parse(byte[] bytes) {
        int signed = bytes.length - DIGEST_LINE;
        CorruptStateException.require(signed > 0, "it is cut off");
        String last = new String(bytes, signed, DIGEST_LINE, StandardCharsets.UTF_8);
        CorruptStateException.require(
                last.equals(digestLine(Arrays.copyOf(bytes, signed))), "its digest does not match");
        Map<String, String> values = new LinkedHashMap<>();
        String text = new String(bytes, 0, signed, StandardCharsets.UTF_8);
        text.lines().forEach(line -> {
            int separator = line.indexOf(SEPARATOR);
            CorruptStateException.require(separator > 0, "a line of it is not \"key = value\"");
            values.put(line.substring(0, separator), line.substring(separator + SEPARATOR.length()));
        });
        return new ManifestText(text, values);
    }

    /** Whether this is what a writer wrote, but for the digest. */
    boolean isAsWrittenBy(Writer writer) {
        return text.contentEquals(writer.text);
    }

    /** The value of a key. */
    String text(String key) {
        String value = values.get(key);
        if (value == null) {
            throw new CorruptStateException("it has no " + key);
        }
        return value;
    }

    /** The value of a key, a decimal number. */
    long number(String key) {
        String value = text(key);
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new CorruptStateException("it has no number as " + key, e);
        }
    }

    /** What stands under {@link #SUBJECT_PREFIX}. */
    Map<String, String> subject() {
        Map<String, String> subject = new TreeMap<>();
        values.forEach((key, value) -> {
            if (key.startsWith(SUBJECT_PREFIX)) {
                subject.put(key.substring(SUBJECT_PREFIX.length()), value);
            }
        });
        return subject;
    }

    /** What {@link Writer#hostFacts} wrote. */
    HostFacts hostFacts() {
        List<Cpuid.Entry> cpuid = new ArrayList<>();
        values.forEach((key, value) -> {
            if (key.startsWith(CPUID_PREFIX)) {
                cpuid.add(entry(key, value));
            }
        });
        List<Integer> msrs = new ArrayList<>();
        for (String index : text("msrs").split(" ", -1)) {
            msrs.add(HexFormat.fromHexDigits(index));
        }
        return new HostFacts(
                cpuid,
                msrs,
                Math.toIntExact(number("xsave-bytes")),
                Math.toIntExact(number("tsc-khz")),
                text("host-kernel"));
    }

    private static Cpuid.Entry entry(String key, String value) {
        String[] leaf = key.substring(CPUID_PREFIX.length()).split("\\.", -1);
        String[] words = value.split(" ", -1);
        CorruptStateException.require(leaf.length == 2 && words.length == 5, key + " has not five numbers");
        return new Cpuid.Entry(
                HexFormat.fromHexDigits(leaf[0]),
                HexFormat.fromHexDigits(leaf[1]),
                HexFormat.fromHexDigits(words[0]),
                HexFormat.fromHexDigits(words[1]),
                HexFormat.fromHexDigits(words[2]),
                HexFormat.fromHexDigits(words[3]),
                HexFormat.fromHexDigits(words[4]));
    }

    private static String digestLine(byte[] signed) {
        return DIGEST_KEY + SEPARATOR + Digests.sha256(signed) + "\n";
    }

    /** Makes a manifest's text. */
    static final class Writer {
        private final StringBuilder text = new StringBuilder();

        /** Appends a line. */
        void line(String key, Object value) {
            text.append(key).append(SEPARATOR).append(value).append('\n');
        }

        /** Appends the lines of these facts; numbers in hexadecimal but sizes and frequencies. */
        void hostFacts(HostFacts facts) {
            line("cpu", facts.cpu());
            line("host-kernel", facts.kernel());
            line("tsc-khz", facts.tscKhz());
            line("xsave-bytes", facts.xsaveBytes());
            line("msrs", facts.msrs().stream().map(Integer::toHexString).collect(Collectors.joining(" ")));
            for (Cpuid.Entry e : facts.cpuid()) {
                line(
                        CPUID_PREFIX + Integer.toHexString(e.function()) + "." + Integer.toHexString(e.index()),
                        Integer.toHexString(e.flags()) + " " + hex(e.eax()) + " " + hex(e.ebx()) + " " + hex(e.ecx())
                                + " " + hex(e.edx()));
            }
        }

        private static String hex(int register) {
            return HexFormat.of().toHexDigits(register);
        }

        /** Appends the digest and gives the bytes. */
        byte[] finish() {
            String digest = digestLine(text.toString().getBytes(StandardCharsets.UTF_8));
            return text.append(digest).toString().getBytes(StandardCharsets.UTF_8);
        }
    }
}
