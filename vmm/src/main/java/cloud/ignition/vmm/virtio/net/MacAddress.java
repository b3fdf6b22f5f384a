package cloud.ignition.vmm.virtio.net;

import java.util.HexFormat;

/**
 * A station's Ethernet address.
 *
 * @param value the 48 bits, first byte on the wire highest
 */
public record MacAddress(long value) {
    /** Length on the wire. */
    public static final int BYTES = 6;

    private static final long MULTICAST = 1L << 40;

    public MacAddress {
        if (value <= 0 || value >>> 48 != 0 || (value & MULTICAST) != 0) {
            throw new IllegalArgumentException("MAC address 0x" + Long.toHexString(value) + " is not a station's");
        }
    }

    /** From its bytes in wire order. */
    public static MacAddress of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("MAC address of " + bytes.length + " bytes");
        }
        long value = 0;
        for (byte octet : bytes) {
            value = (value << 8) | (octet & 0xff);
        }
        return new MacAddress(value);
    }

    /** Its bytes in wire order. */
    public byte[] toBytes() {
        byte[] bytes = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            bytes[i] = (byte) (value >>> (8 * (BYTES - 1 - i)));
        }
        return bytes;
    }

    @Override
    public String toString() {
        return HexFormat.ofDelimiter(":").formatHex(toBytes());
    }
}
