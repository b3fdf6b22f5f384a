package cloud.ignition.vmm.codec;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/** Writes values into a growing byte array: little endian, no padding; read back by {@link StateReader}. */
public final class StateWriter {
    private byte[] buffer = new byte[512];
    private int size;

    /** An unsigned 8-bit value. */
    public StateWriter u8(int value) {
        require(value >= 0 && value <= 0xff, value);
        return put(value, Byte.BYTES);
    }

    /** An unsigned 16-bit value. */
    public StateWriter u16(int value) {
        require(value >= 0 && value <= 0xffff, value);
        return put(value, Short.BYTES);
    }

    /** A 32-bit value, all bits. */
    public StateWriter u32(int value) {
        return put(value, Integer.BYTES);
    }

    /** A 64-bit value, all bits. */
    public StateWriter u64(long value) {
        return put(value, Long.BYTES);
    }

    /** One byte, 0 or 1. */
    public StateWriter bool(boolean value) {
        return u8(value ? 1 : 0);
    }

    /** A 32-bit length, then the bytes. */
    public StateWriter bytes(byte[] value) {
        return bytes(MemorySegment.ofArray(value));
    }

    /** A 32-bit length, then the bytes. */
    public StateWriter bytes(MemorySegment value) {
        int length = Math.toIntExact(value.byteSize());
        u32(length);
        reserve(length);
        MemorySegment.copy(value, JAVA_BYTE, 0, buffer, size, length);
        size += length;
        return this;
    }

    /** A 32-bit length in bytes, then UTF-8. */
    public StateWriter string(String value) {
        return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    /** A 32-bit count, then each item by {@code each}. */
    public <T> StateWriter list(List<T> items, BiConsumer<? super T, StateWriter> each) {
        u32(items.size());
        for (T item : items) {
            each.accept(item, this);
        }
        return this;
    }

    /** What was written so far. */
    public byte[] toByteArray() {
        return Arrays.copyOf(buffer, size);
    }

    private StateWriter put(long value, int width) {
        reserve(width);
        for (int i = 0; i < width; i++) {
            buffer[size++] = (byte) (value >>> (8 * i));
        }
        return this;
    }

    private void reserve(int more) {
        int needed = Math.addExact(size, more);
        if (needed > buffer.length) {
            buffer = Arrays.copyOf(buffer, Math.max(needed, buffer.length * 2));
        }
    }

    private static void require(boolean fits, int value) {
        if (!fits) {
            throw new IllegalArgumentException("state value " + value + " does not fit its field");
        }
    }
}
