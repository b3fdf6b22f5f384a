package cloud.ignition.vmm.boot;

import cloud.ignition.vmm.BootException;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.memory.GuestMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Loads an uncompressed x86-64 vmlinux and finds its PVH entry. Formats: ELF-64 (System V gABI), note
 * XEN_ELFNOTE_PHYS32_ENTRY (linux/include/xen/interface/elfnote.h).
 */
final class ElfKernel {
    private static final int ELF_HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;
    private static final int EM_X86_64 = 62;
    private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;

    /**
     * @param entry guest-physical address of the 32-bit PVH entry
     * @param end first guest-physical address behind the kernel, its bss included
     */
    record Loaded(long entry, long end) {}

    private final Path file;
    private final FileChannel channel;

    private ElfKernel(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * @throws BootException when the file cannot be read, is no such kernel, or does not fit into the memory
     */
    static Loaded load(Path file, GuestMemory memory) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new ElfKernel(file, channel).load(memory);
        } catch (IOException e) {
            throw new BootException("cannot read the kernel " + file + ": " + e.getMessage(), e);
        }
    }

    private Loaded load(GuestMemory memory) throws IOException {
        ByteBuffer header = read(0, ELF_HEADER_BYTES);
        if (header.getInt(0) != 0x464c457f || header.get(4) != 2 || header.get(5) != 1) {
            throw refused("is not a 64-bit little-endian ELF file; give an uncompressed vmlinux");
        }
        if (Short.toUnsignedInt(header.getShort(18)) != EM_X86_64) {
            throw refused("is not for x86-64");
        }
        long tableOffset = header.getLong(32);
        int count = Short.toUnsignedInt(header.getShort(56));
        if (Short.toUnsignedInt(header.getShort(54)) != PROGRAM_HEADER_BYTES || count > Limits.MAX_PROGRAM_HEADERS) {
            throw refused("has an unusual program header table");
        }
        ByteBuffer table = read(tableOffset, count * PROGRAM_HEADER_BYTES);
        long entry = 0;
        long end = 0;
        for (int i = 0; i < count; i++) {
            ByteBuffer program =
                    table.slice(i * PROGRAM_HEADER_BYTES, PROGRAM_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            long offset = program.getLong(8);
            long fileBytes = program.getLong(32);
            switch (program.getInt(0)) {
                case PT_LOAD -> end = Math.max(end, loadSegment(memory, program, offset, fileBytes));
                case PT_NOTE -> entry = entry != 0 ? entry : pvhEntry(offset, fileBytes);
                default -> {}
            }
        }
        if (entry == 0) {
            throw refused("has no PVH entry note (CONFIG_PVH)");
        }
        return new Loaded(entry, end);
    }

    private long loadSegment(GuestMemory memory, ByteBuffer program, long offset, long fileBytes) throws IOException {
        long physical = program.getLong(24);
        long memoryBytes = program.getLong(40);
        if (fileBytes < 0 || memoryBytes < fileBytes || physical < PvhBoot.HIGH_MEMORY_START) {
            throw refused("has a damaged or badly placed program header");
        }
        MemorySegment target;
        try {
            target = memory.slice(physical, memoryBytes);
        } catch (RuntimeException e) {
            throw new BootException("the kernel " + file + " does not fit into the machine's memory", e);
        }
        readFully(offset, target.asSlice(0, fileBytes).asByteBuffer());
        return physical + memoryBytes;
    }

    private long pvhEntry(long offset, long size) throws IOException {
        if (size < 0 || size > Limits.MAX_NOTE_BYTES) {
            return 0;
        }
        ByteBuffer notes = read(offset, (int) size);
        int at = 0;
        while (at + 12 <= size) {
            int nameBytes = notes.getInt(at);
            int descriptorBytes = notes.getInt(at + 4);
            int type = notes.getInt(at + 8);
            if (nameBytes < 0 || descriptorBytes < 0 || nameBytes > size || descriptorBytes > size) {
                return 0;
            }
            int descriptor = at + 12 + align4(nameBytes);
            if (type == XEN_ELFNOTE_PHYS32_ENTRY
                    && nameBytes == 4
                    && descriptorBytes >= 4
                    && descriptor + 4 <= size
                    && notes.getInt(at + 12) == 0x006e6558) {
                return Integer.toUnsignedLong(notes.getInt(descriptor));
            }
            at = descriptor + align4(descriptorBytes);
        }
        return 0;
    }

    private static int align4(int bytes) {
        return (bytes + 3) & ~3;
    }

    private ByteBuffer read(long offset, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        readFully(offset, buffer);
        return buffer.flip();
    }

    private void readFully(long offset, ByteBuffer target) throws IOException {
        long at = offset;
        while (target.hasRemaining()) {
            int n = at < 0 ? -1 : channel.read(target, at);
            if (n < 0) {
                throw refused("is cut off");
            }
            at += n;
        }
    }

    private BootException refused(String what) {
        return new BootException("the kernel " + file + " " + what, null);
    }
}
