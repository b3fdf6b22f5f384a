package cloud.ignition.vmm.codec;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Reads what {@link StateWriter} wrote. Every length is checked against the caller's limit and against what is left
 * before anything is allocated; anything amiss is a {@link CorruptStateException}.
 */
public final class StateReader {
    private final MemorySegment source;
    private long position;

    public StateReader(byte[] source) {
        this(MemorySegment.ofArray(source));
    }

    public StateReader(MemorySegment source) {
        this.source = source;
    }

    /** An unsigned 8-bit value. */
    public int u8() {
        return (int) take(Byte.BYTES);
    }

    /** An unsigned 16-bit value. */
    public int u16() {
        return (int) take(Short.BYTES);
    }

    /** A 32-bit value, all bits. */
    public int u32() {
        return (int) take(Integer.BYTES);
    }

    /** A 64-bit value, all bits. */
    public long u64() {
        return take(Long.BYTES);
    }

    /** One byte that must be 0 or 1. */
    public boolean bool() {
        int value = u8();
        CorruptStateException.require(value <= 1, "truth value " + value);
        return value == 1;
    }

    /** Bytes behind a 32-bit length of at most {@code maxLength}. */
    public byte[] bytes(int maxLength) {
        int length = count(maxLength);
        need(length);
        byte[] value = source.asSlice(position, length).toArray(JAVA_BYTE);
        position += length;
        return value;
    }

    /** UTF-8 behind a 32-bit length in bytes of at most {@code maxLength}. */
    public String string(int maxLength) {
        byte[] encoded = bytes(maxLength);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(encoded))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new CorruptStateException("text is not UTF-8", e);
        }
    }

    /** At most {@code maxCount} items, each read by {@code each}. */
    public <T> List<T> list(int maxCount, Function<StateReader, T> each) {
        int count = count(maxCount);
        List<T> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(each.apply(this));
        }
        return items;
    }

    /** Bytes not read yet. */
    public long remaining() {
        return source.byteSize() - position;
    }

    /** Throws unless everything was read. */
    public void end() {
        CorruptStateException.require(remaining() == 0, remaining() + " bytes behind the end of the state");
    }

    private int count(int max) {
        int count = u32();
        CorruptStateException.require(
                count >= 0 && count <= max, "length " + Integer.toUnsignedString(count) + " is over its limit " + max);
        return count;
    }

    private long take(int width) {
        need(width);
        long value = 0;
        for (int i = 0; i < width; i++) {
            value |= (source.get(JAVA_BYTE, position++) & 0xffL) << (8 * i);
        }
        return value;
    }

    private void need(int bytes) {
        CorruptStateException.require(bytes <= remaining(), "state ends " + (bytes - remaining()) + " bytes early");
    }
}
