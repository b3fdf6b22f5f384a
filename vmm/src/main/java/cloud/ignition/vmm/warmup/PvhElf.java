package cloud.ignition.vmm.warmup;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The smallest ELF file that boots the PVH way: one segment, entered at its start in 32-bit mode without paging. */
public final class PvhElf {
    private static final int FILE_OFFSET = 0x1000;
    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int NOTE = 0x200;

    private PvhElf() {}

    /**
     * One PT_LOAD, and the note XEN_ELFNOTE_PHYS32_ENTRY that points to its start.
     *
     * @param address where it is loaded, guest-physical
     * @param loaded what is loaded there
     */
    public static byte[] of(int address, byte[] loaded) {
        ByteBuffer elf = ByteBuffer.allocate(FILE_OFFSET + loaded.length).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).putShort(18, (short) 62);
        elf.putLong(32, HEADER_BYTES).putShort(54, (short) PROGRAM_HEADER_BYTES).putShort(56, (short) 2);
        elf.putInt(HEADER_BYTES, 1).putLong(HEADER_BYTES + 8, FILE_OFFSET).putLong(HEADER_BYTES + 24, address);
        elf.putLong(HEADER_BYTES + 32, loaded.length).putLong(HEADER_BYTES + 40, loaded.length);
        int second = HEADER_BYTES + PROGRAM_HEADER_BYTES;
        elf.putInt(second, 4).putLong(second + 8, NOTE).putLong(second + 32, 20);
        elf.putInt(NOTE, 4).putInt(NOTE + 4, 4).putInt(NOTE + 8, 18).putInt(NOTE + 12, 0x006e6558); // "Xen"
        elf.putInt(NOTE + 16, address);
        elf.put(FILE_OFFSET, loaded);
        return elf.array();
    }
}
