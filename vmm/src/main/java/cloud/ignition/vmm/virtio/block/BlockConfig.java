package cloud.ignition.vmm.virtio.block;

import java.nio.charset.StandardCharsets;

/**
 * What a block device is.
 *
 * @param id its serial number: up to 20 printable ASCII characters
 * @param readOnly whether the guest may write
 */
public record BlockConfig(String id, boolean readOnly) {
    /** Length of the ID a guest gets, padded with zeroes (§5.2.6). */
    static final int ID_BYTES = 20;

    public BlockConfig {
        if (!id.matches("[\\x20-\\x7e]{0," + ID_BYTES + "}")) {
            throw new IllegalArgumentException("block device ID '" + id + "'");
        }
    }

    byte[] paddedId() {
        byte[] padded = new byte[ID_BYTES];
        byte[] ascii = id.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(ascii, 0, padded, 0, ascii.length);
        return padded;
    }
}
