package cloud.ignition.vmm.boot;

import cloud.ignition.vmm.BootException;
import cloud.ignition.vmm.BootSource;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.memory.GuestMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Lays kernel, initramfs, command line and tables into guest memory by the PVH boot protocol
 * (linux/include/xen/interface/hvm/start_info.h, Documentation/arch/x86/pvh or xen/docs/misc/pvh.pandoc).
 */
public final class PvhBoot {
    static final long HIGH_MEMORY_START = 0x100000;
    private static final long START_INFO = 0x6000;
    private static final long MODULE_LIST = 0x6800;
    private static final long MEMORY_MAP = 0x7000;
    private static final long COMMAND_LINE = 0x8000;
    /** Start of the extended BIOS data area: the last KiB below 640 KiB, where Linux searches the MP table. */
    private static final long EBDA = 0x9fc00;

    private static final int XEN_HVM_START_MAGIC_VALUE = 0x336ec578;
    private static final int MEMORY_TYPE_RAM = 1;
    private static final int MEMORY_TYPE_RESERVED = 2;
    private static final int PAGE = 4096;

    /**
     * Where the first vCPU starts.
     *
     * @param entry 32-bit entry address, for RIP
     * @param startInfo address of struct hvm_start_info, for RBX
     */
    public record Entry(long entry, long startInfo) {}

    private PvhBoot() {}

    /**
     * Fills the memory of a machine that has not run.
     *
     * @param deviceParameters kernel parameters that announce the machine's devices
     * @throws BootException when a file is missing, damaged or too large for the memory
     */
    public static Entry load(GuestMemory memory, int vcpus, BootSource source, List<String> deviceParameters) {
        ElfKernel.Loaded kernel = ElfKernel.load(source.kernel(), memory);
        MemorySegment initramfs = initramfsPlace(memory, source, kernel.end());
        MpTable.write(memory, EBDA, vcpus);
        copy(memory, COMMAND_LINE, ByteBuffer.wrap(CommandLine.of(deviceParameters, source.kernelParameters())));
        int ranges = writeMemoryMap(memory);

        ByteBuffer module = little(32);
        module.putLong(initramfsAddress(memory, initramfs.byteSize())).putLong(initramfs.byteSize());
        copy(memory, MODULE_LIST, module);

        ByteBuffer info = little(56);
        info.putInt(XEN_HVM_START_MAGIC_VALUE).putInt(1).putInt(0).putInt(1);
        info.putLong(MODULE_LIST).putLong(COMMAND_LINE).putLong(0).putLong(MEMORY_MAP);
        info.putInt(ranges).putInt(0);
        copy(memory, START_INFO, info);
        return new Entry(kernel.entry(), START_INFO);
    }

    /** Loads initramfs and overlay to the end of the low memory, so that nothing the kernel needs early is in the way. */
    private static MemorySegment initramfsPlace(GuestMemory memory, BootSource source, long kernelEnd) {
        Path file = source.initramfs();
        byte[] overlay = source.initramfsOverlay();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            // The kernel takes several archives in a row when each starts at a multiple of four bytes.
            long padded = (size + 3) & ~3L;
            long total = padded + overlay.length;
            if (total > Limits.MAX_INITRAMFS_BYTES) {
                throw new BootException(
                        "the initramfs " + file + " of " + total + " bytes is larger than "
                                + Limits.MAX_INITRAMFS_BYTES,
                        null);
            }
            long address = initramfsAddress(memory, total);
            if (address < kernelEnd) {
                throw new BootException(
                        "kernel and initramfs do not fit into " + (memory.totalBytes() >> 20)
                                + " MiB; give the machine more memory",
                        null);
            }
            MemorySegment target = memory.slice(address, total);
            ByteBuffer rest = target.asSlice(0, size).asByteBuffer();
            while (rest.hasRemaining()) {
                if (channel.read(rest) < 0) {
                    throw new BootException("the initramfs " + file + " changed while it was read", null);
                }
            }
            MemorySegment.copy(overlay, 0, target, ValueLayout.JAVA_BYTE, padded, overlay.length);
            return target;
        } catch (IOException e) {
            throw new BootException("cannot read the initramfs " + file + ": " + e.getMessage(), e);
        }
    }

    private static long initramfsAddress(GuestMemory memory, long bytes) {
        GuestMemory.Region low = memory.regions().getFirst();
        return (low.gpa() + low.host().byteSize() - bytes) & -PAGE;
    }

    /** Returns how many ranges the map has; struct hvm_memmap_table_entry. */
    private static int writeMemoryMap(GuestMemory memory) {
        ByteBuffer map = little(24 * 4);
        range(map, 0, EBDA, MEMORY_TYPE_RAM);
        range(map, EBDA, HIGH_MEMORY_START - EBDA, MEMORY_TYPE_RESERVED);
        int ranges = 2;
        for (GuestMemory.Region region : memory.regions()) {
            long start = Math.max(region.gpa(), HIGH_MEMORY_START);
            range(map, start, region.gpa() + region.host().byteSize() - start, MEMORY_TYPE_RAM);
            ranges++;
        }
        copy(memory, MEMORY_MAP, map);
        return ranges;
    }

    private static void range(ByteBuffer map, long start, long bytes, int type) {
        map.putLong(start).putLong(bytes).putInt(type).putInt(0);
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void copy(GuestMemory memory, long gpa, ByteBuffer bytes) {
        memory.slice(gpa, bytes.capacity()).copyFrom(MemorySegment.ofBuffer(bytes.clear()));
    }
}
