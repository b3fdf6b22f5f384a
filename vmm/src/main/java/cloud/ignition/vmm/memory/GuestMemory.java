package cloud.ignition.vmm.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import cloud.ignition.vmm.GuestLieException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A machine's RAM by guest physical address: every access is checked against the regions, without overflow.
 *
 * <p>The running guest writes the same memory at the same time. Whoever parses guest structures reads each field once
 * and never trusts a second read. An access that is not wholly inside one region is a {@link GuestLieException}.
 */
public final class GuestMemory {
    private static final ValueLayout.OfShort LE16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int MAX_REGIONS = 2;

    /**
     * A contiguous piece of RAM.
     *
     * @param gpa guest physical address of its first byte
     * @param host the memory itself
     */
    public record Region(long gpa, MemorySegment host) {
        public Region {
            if (gpa < 0 || host.byteSize() == 0 || gpa + host.byteSize() < 0) {
                throw new IllegalArgumentException("RAM region of " + host.byteSize() + " bytes at " + hex(gpa));
            }
        }
    }

    private final List<Region> regions;
    private final long[] starts;
    private final long[] sizes;
    private final MemorySegment[] hosts;

    /** @param regions one or two regions, ascending, that do not overlap */
    public GuestMemory(List<Region> regions) {
        if (regions.isEmpty() || regions.size() > MAX_REGIONS) {
            throw new IllegalArgumentException(regions.size() + " RAM regions");
        }
        this.regions = List.copyOf(regions);
        starts = regions.stream().mapToLong(Region::gpa).toArray();
        sizes = regions.stream().mapToLong(r -> r.host().byteSize()).toArray();
        hosts = regions.stream().map(Region::host).toArray(MemorySegment[]::new);
        for (int i = 1; i < starts.length; i++) {
            if (starts[i] < starts[i - 1] + sizes[i - 1]) {
                throw new IllegalArgumentException("RAM regions overlap at " + hex(starts[i]));
            }
        }
    }

    /**
     * RAM laid out over one mapping.
     *
     * @param layout where the RAM lies
     * @param backing at least as large as the layout's total
     */
    public static GuestMemory over(RamLayout layout, MemorySegment backing) {
        List<Region> regions = new ArrayList<>();
        for (RamLayout.RamRange range : layout.ranges()) {
            regions.add(new Region(range.gpa(), backing.asSlice(range.offset(), range.length())));
        }
        return new GuestMemory(regions);
    }

    /** The regions, ascending by guest physical address. */
    public List<Region> regions() {
        return regions;
    }

    /** All RAM, in bytes. */
    public long totalBytes() {
        long total = 0;
        for (long size : sizes) {
            total += size;
        }
        return total;
    }

    /** Whether {@code [gpa, gpa + length)} lies wholly inside one region. */
    public boolean contains(long gpa, long length) {
        return find(gpa, length) >= 0;
    }

    /**
     * A view of {@code [gpa, gpa + length)}.
     *
     * @throws GuestLieException when it is not wholly inside one region
     */
    public MemorySegment slice(long gpa, long length) {
        int region = require(gpa, length);
        return hosts[region].asSlice(gpa - starts[region], length);
    }

    /**
     * The address in this process of {@code [gpa, gpa + length)}, for an iovec that the kernel reads.
     *
     * @throws GuestLieException when it is not wholly inside one region
     */
    public long hostAddress(long gpa, long length) {
        int region = require(gpa, length);
        return hosts[region].address() + (gpa - starts[region]);
    }

    /** The byte at {@code gpa}. */
    public byte getByte(long gpa) {
        int region = require(gpa, Byte.BYTES);
        return hosts[region].get(JAVA_BYTE, gpa - starts[region]);
    }

    /** The little-endian 16-bit value at {@code gpa}, any alignment. */
    public short getShort(long gpa) {
        int region = require(gpa, Short.BYTES);
        return hosts[region].get(LE16, gpa - starts[region]);
    }

    /** The little-endian 32-bit value at {@code gpa}, any alignment. */
    public int getInt(long gpa) {
        int region = require(gpa, Integer.BYTES);
        return hosts[region].get(LE32, gpa - starts[region]);
    }

    /** The little-endian 64-bit value at {@code gpa}, any alignment. */
    public long getLong(long gpa) {
        int region = require(gpa, Long.BYTES);
        return hosts[region].get(LE64, gpa - starts[region]);
    }

    /** Sets the byte at {@code gpa}. */
    public void setByte(long gpa, byte value) {
        int region = require(gpa, Byte.BYTES);
        hosts[region].set(JAVA_BYTE, gpa - starts[region], value);
    }

    /** Sets the little-endian 16-bit value at {@code gpa}, any alignment. */
    public void setShort(long gpa, short value) {
        int region = require(gpa, Short.BYTES);
        hosts[region].set(LE16, gpa - starts[region], value);
    }

    /** Sets the little-endian 32-bit value at {@code gpa}, any alignment. */
    public void setInt(long gpa, int value) {
        int region = require(gpa, Integer.BYTES);
        hosts[region].set(LE32, gpa - starts[region], value);
    }

    /** Sets the little-endian 64-bit value at {@code gpa}, any alignment. */
    public void setLong(long gpa, long value) {
        int region = require(gpa, Long.BYTES);
        hosts[region].set(LE64, gpa - starts[region], value);
    }

    /** Copies {@code from} to {@code gpa}. */
    public void write(long gpa, byte[] from) {
        MemorySegment.copy(from, 0, slice(gpa, from.length), JAVA_BYTE, 0, from.length);
    }

    /** Copies {@code length} bytes at {@code gpa} out of the guest. */
    public byte[] read(long gpa, int length) {
        return slice(gpa, length).toArray(JAVA_BYTE);
    }

    private int require(long gpa, long length) {
        int region = find(gpa, length);
        if (region < 0) {
            throw new GuestLieException(length + " bytes at " + hex(gpa) + " are not in RAM");
        }
        return region;
    }

    private int find(long gpa, long length) {
        if (length < 0) {
            return -1;
        }
        for (int i = 0; i < starts.length; i++) {
            long offset = gpa - starts[i];
            if (Long.compareUnsigned(offset, sizes[i]) < 0 && length <= sizes[i] - offset) {
                return i;
            }
        }
        return -1;
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
