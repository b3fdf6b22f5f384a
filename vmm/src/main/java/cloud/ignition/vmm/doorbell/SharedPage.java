package cloud.ignition.vmm.doorbell;

import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** struct ignition_page of the guest kernel (include/linux/ignition.h in the patch series): little endian, packed. */
final class SharedPage {
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int MAGIC = 0x314e4749; // "IGN1"
    private static final long PAGE_BYTES = 4096;
    private static final int OFFSET_PORT = 8;
    private static final int OFFSET_PID = 12;
    private static final int OFFSET_COMM = 16;
    private static final int COMM_BYTES = 16;
    private static final int OFFSET_GENERATION = 32;
    private static final int OFFSET_WALL_NS = 40;
    private static final int OFFSET_SEED = 48;
    private static final int SEED_BYTES = 32;
    private static final int OFFSET_AT_WORK = 80;

    private SharedPage() {}

    static MemorySegment at(GuestMemory memory, long frame) {
        return memory.slice(frame * PAGE_BYTES, PAGE_BYTES);
    }

    static boolean hasMagic(MemorySegment page) {
        return page.get(LE32, 0) == MAGIC;
    }

    static void clearGeneration(MemorySegment page) {
        page.set(LE64, OFFSET_GENERATION, 0);
    }

    /** Reads each field once; whatever stands there is only ever shown or compared. */
    static Doorbell readEvent(MemorySegment page, Doorbell.Kind kind) {
        int port = page.get(LE32, OFFSET_PORT);
        int pid = page.get(LE32, OFFSET_PID);
        int atWork = kind == Doorbell.Kind.QUIESCED ? page.get(LE32, OFFSET_AT_WORK) : 0;
        StringBuilder comm = new StringBuilder(COMM_BYTES);
        for (int i = 0; i < COMM_BYTES - 1; i++) {
            byte c = page.get(ValueLayout.JAVA_BYTE, OFFSET_COMM + i);
            if (c == 0) {
                break;
            }
            comm.append(c > ' ' && c < 0x7f ? (char) c : '?');
        }
        return new Doorbell(kind, port & 0xffff, pid, comm.toString(), atWork);
    }

    static void writeWallClock(MemorySegment page, long realtimeNanos) {
        page.set(LE64, OFFSET_WALL_NS, realtimeNanos);
    }

    static void writeRenewal(MemorySegment page, long generation, long realtimeNanos, MemorySegment seed) {
        writeWallClock(page, realtimeNanos);
        MemorySegment.copy(seed, 0, page, OFFSET_SEED, SEED_BYTES);
        page.set(LE64, OFFSET_GENERATION, generation);
    }
}
