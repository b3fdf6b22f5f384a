package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.PageMap;
import cloud.ignition.linux.Pages;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.SnapshotRefusedException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Pages of a snapshot's base that machines restored from it read soon after: for the next one the disk is
 * asked for all of them at once, instead of for one after the other as they are touched. A page that is not seen for some wakes is forgotten. Only a hint: nothing goes wrong without it or
 * with a wrong one.
 *
 * <p>On disk, in the file {@code working-set}: runs of pages, ascending, 8 bytes each, little endian: the number of the first
 * page, four times the number of pages plus the wakes for which it is kept still less one; at the end the CRC-32C of all that.
 */
public final class WorkingSet {
    /** Name of the file. */
    static final String FILE = "working-set";

    /** No page. */
    public static final WorkingSet NONE = new WorkingSet(new int[0], new int[0]);

    private static final int RUN_BYTES = 8;
    private static final int CRC_BYTES = 4;

    private final int[] firsts;
    /** As on disk. */
    private final int[] lengths;

    private WorkingSet(int[] firsts, int[] lengths) {
        this.firsts = firsts;
        this.lengths = lengths;
    }

    /** How many pages it has. */
    public long pages() {
        long pages = 0;
        for (int length : lengths) {
            pages += length >>> 2;
        }
        return pages;
    }

    /**
     * What it becomes by a wake: the pages that this one touched, and those of the last few wakes.
     *
     * @param memory of a machine that was restored a moment ago, running or not
     * @throws LinuxException when the page map cannot be read
     */
    public WorkingSet after(Mmap memory) {
        byte[] kept = new byte[Math.toIntExact(memory.size() / Pages.SIZE)]; // wakes for which each page is kept
        for (int run = 0; run < firsts.length && firsts[run] + (lengths[run] >>> 2) <= kept.length; run++) {
            Arrays.fill(kept, firsts[run], firsts[run] + (lengths[run] >>> 2), (byte) (lengths[run] & 3));
        }
        try (PageMap map = PageMap.open()) {
            map.scan(memory.address(), memory.size(), (page, entry) -> {
                if (PageMap.isOfFile(entry)) {
                    kept[page] = Limits.WORKING_SET_WAKES;
                }
                return true;
            });
        }
        return of(kept);
    }

    /** @param kept for each page, for how many wakes it is kept, 0 when it is not in the set */
    static WorkingSet of(byte[] kept) {
        int[] firsts = new int[64];
        int[] lengths = new int[64];
        int count = 0;
        for (int page = 0; page < kept.length; ) {
            int end = page + 1;
            while (end < kept.length && kept[end] == kept[page]) {
                end++;
            }
            if (kept[page] > 0) {
                if (count == Limits.MAX_WORKING_SET_RUNS) {
                    return NONE; // too scattered to be worth anything
                }
                if (count == firsts.length) {
                    firsts = Arrays.copyOf(firsts, 2 * count);
                    lengths = Arrays.copyOf(lengths, 2 * count);
                }
                firsts[count] = page;
                lengths[count++] = (end - page) << 2 | (kept[page] - 1);
            }
            page = end;
        }
        return new WorkingSet(Arrays.copyOf(firsts, count), Arrays.copyOf(lengths, count));
    }

    /**
     * Asks the disk for all of the pages that are not in memory, and does not wait for them: it can read them in any order and at
     * once, while the rest of the machine is restored. They are mapped when the guest touches them, for to map them beforehand costs
     * more than their page faults do (docs/performance.md).
     */
    void readAhead(Mmap memory) {
        ReadAhead disk = new ReadAhead(memory);
        for (int run = 0; run < firsts.length; run++) {
            disk.add(firsts[run], lengths[run] >>> 2);
        }
        boolean _ = disk.ask();
    }

    /** The file's bytes. */
    byte[] encode() {
        ByteBuffer out =
                ByteBuffer.allocate(firsts.length * RUN_BYTES + CRC_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int run = 0; run < firsts.length; run++) {
            out.putInt(firsts[run]).putInt(lengths[run]);
        }
        return out.putInt((int) Digests.crc32c(Arrays.copyOf(out.array(), out.position())))
                .array();
    }

    /** Reads what {@link #encode} made; {@link #NONE} of anything else, and of what does not fit a memory of so many pages. */
    static WorkingSet decode(byte[] bytes, long memoryPages) {
        int count = (bytes.length - CRC_BYTES) / RUN_BYTES;
        if (bytes.length != count * RUN_BYTES + CRC_BYTES || count < 0 || count > Limits.MAX_WORKING_SET_RUNS) {
            return NONE;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (in.getInt(count * RUN_BYTES) != (int) Digests.crc32c(Arrays.copyOf(bytes, count * RUN_BYTES))) {
            return NONE;
        }
        int[] firsts = new int[count];
        int[] lengths = new int[count];
        long end = 0;
        long total = 0;
        for (int run = 0; run < count; run++) {
            firsts[run] = in.getInt();
            lengths[run] = in.getInt();
            long first = Integer.toUnsignedLong(firsts[run]);
            long pages = Integer.toUnsignedLong(lengths[run]) >>> 2;
            total += pages;
            if (first < end || pages == 0 || first + pages > memoryPages || total > Limits.MAX_WORKING_SET_PAGES) {
                return NONE;
            }
            end = first + pages;
        }
        return new WorkingSet(firsts, lengths);
    }

    /** The one of a snapshot; {@link #NONE} when there is none that can be used. */
    public static WorkingSet read(Path directory, long memoryBytes) {
        try {
            int most = Limits.MAX_WORKING_SET_RUNS * RUN_BYTES + CRC_BYTES;
            return decode(SnapshotFile.read(directory, FILE, most), memoryBytes / Pages.SIZE);
        } catch (SnapshotRefusedException | LinuxException e) {
            return NONE;
        }
    }

    /** Writes it beside a snapshot's other files. Not made durable: half a hint is none. */
    void write(Path directory) {
        if (firsts.length == 0) {
            return;
        }
        try (Fd file = Fd.open(directory.resolve(FILE).toString(), SnapshotWriter.OPEN_NEW, 0600);
                Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, encode());
            file.pwriteFully(bytes, 0);
        } catch (LinuxException e) {
            // A snapshot without a hint, or with half of one, is worth no less.
        }
    }
}
