package cloud.ignition.vmm.virtio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The bytes of a device configuration space that the driver only reads. Zero behind its end. */
public final class ConfigSpace {
    private final ByteBuffer bytes;

    /** @param length of the fields the device has, in bytes */
    public ConfigSpace(int length) {
        bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Sets single bytes. */
    public ConfigSpace bytes(int offset, byte[] value) {
        bytes.put(offset, value);
        return this;
    }

    /** Sets a little-endian 16-bit field. */
    public ConfigSpace u16(int offset, int value) {
        bytes.putShort(offset, (short) value);
        return this;
    }

    /** Sets a little-endian 32-bit field. */
    public ConfigSpace u32(int offset, int value) {
        bytes.putInt(offset, value);
        return this;
    }

    /** Sets a little-endian 64-bit field. */
    public ConfigSpace u64(int offset, long value) {
        bytes.putLong(offset, value);
        return this;
    }

    /** The {@code size} bytes at {@code offset}, little endian. */
    public long read(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size && offset + i < bytes.capacity(); i++) {
            value |= (bytes.get(offset + i) & 0xffL) << (8 * i);
        }
        return value;
    }
}
