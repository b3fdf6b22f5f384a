package cloud.ignition.oci.rootfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The records of a PAX extended header, {@code LENGTH KEY=VALUE\n} (POSIX.1-2024, pax, "pax Extended Header"). Values
 * stay bytes: extended attributes such as {@code security.capability} are not text.
 */
final class PaxRecords {
    private PaxRecords() {}

    /**
     * Parses a header's content; a later record replaces an earlier one of the same key.
     *
     * @throws TarException when a record's length or form is wrong
     */
    static Map<String, byte[]> parse(byte[] content) {
        Map<String, byte[]> records = new LinkedHashMap<>();
        int at = 0;
        while (at < content.length) {
            int space = indexOf(content, (byte) ' ', at, Math.min(content.length, at + 12));
            int length = space < 0 ? 0 : length(content, at, space);
            int end = at + length;
            if (length <= 0 || end > content.length || content[end - 1] != '\n') {
                throw new TarException("a PAX record has a wrong length");
            }
            int equals = indexOf(content, (byte) '=', space + 1, end);
            if (equals <= space + 1) {
                throw new TarException("a PAX record has no key");
            }
            String key = new String(content, space + 1, equals - space - 1, ISO_8859_1);
            byte[] value = new byte[end - 1 - (equals + 1)];
            System.arraycopy(content, equals + 1, value, 0, value.length);
            records.put(key, value);
            at = end;
        }
        return records;
    }

    /** One record in its stored form. */
    static byte[] format(String key, byte[] value) {
        int rest = 1 + key.length() + 1 + value.length + 1;
        int length = rest + Integer.toString(rest).length();
        // The length counts its own digits, which may add one.
        length = rest + Integer.toString(length).length();
        byte[] head = (length + " " + key + "=").getBytes(ISO_8859_1);
        byte[] record = new byte[length];
        System.arraycopy(head, 0, record, 0, head.length);
        System.arraycopy(value, 0, record, head.length, value.length);
        record[length - 1] = '\n';
        return record;
    }

    private static int length(byte[] content, int from, int to) {
        int value = 0;
        for (int i = from; i < to; i++) {
            int digit = content[i] - '0';
            if (digit < 0 || digit > 9 || value > content.length) {
                return 0;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    private static int indexOf(byte[] content, byte wanted, int from, int to) {
        for (int i = from; i < to; i++) {
            if (content[i] == wanted) {
                return i;
            }
        }
        return -1;
    }
}
