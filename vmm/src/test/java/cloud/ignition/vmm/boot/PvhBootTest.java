package cloud.ignition.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.BootException;
import cloud.ignition.vmm.BootSource;
import cloud.ignition.vmm.DoorbellTrigger;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.memory.RamLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PvhBootTest {
    private static final long SIZE = 64L << 20;
    private static final int CODE = 0x1000;

    @TempDir
    Path directory;

    private Mmap backing;
    private GuestMemory memory;

    @BeforeEach
    void allocate() {
        backing = Mmap.anonymous(SIZE);
        memory = GuestMemory.over(RamLayout.of(SIZE), backing.segment());
    }

    @AfterEach
    void release() {
        backing.close();
    }

    @Test
    void laysKernelInitramfsAndTablesOut() throws IOException {
        PvhBoot.Entry entry = load(kernel());
        assertThat(entry.entry()).isEqualTo(0x100010);
        assertThat(memory.getInt(0x100000)).isEqualTo(0x12345678);
        // struct hvm_start_info
        assertThat(memory.getInt(entry.startInfo())).isEqualTo(0x336ec578);
        long modules = memory.getLong(entry.startInfo() + 16);
        long initramfs = memory.getLong(modules);
        assertThat(initramfs % 4096).isZero();
        assertThat(memory.getLong(modules + 8)).isEqualTo(8 + 4);
        assertThat(memory.read(initramfs, 12)).isEqualTo("12345\0\0\0over".getBytes(StandardCharsets.US_ASCII));
        long map = memory.getLong(entry.startInfo() + 40);
        assertThat(memory.getInt(entry.startInfo() + 48)).isEqualTo(3);
        assertThat(memory.getLong(map + 48)).isEqualTo(0x100000);
        assertThat(memory.getLong(map + 56)).isEqualTo(SIZE - 0x100000);
    }

    @Test
    void bothPartsOfTheMpTableAddUpToZero() throws IOException {
        load(kernel());
        byte[] pointer = memory.read(0x9fc00, 16);
        assertThat(new String(pointer, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("_MP_");
        assertThat(sum(pointer)).isZero();
        int table = ByteBuffer.wrap(pointer).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
        byte[] bytes = memory.read(table, memory.getShort(table + 4));
        assertThat(new String(bytes, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("PCMP");
        assertThat(sum(bytes)).isZero();
    }

    @Test
    void refusesAKernelCutOffAnywhereInOneLine() throws IOException {
        byte[] whole = kernel();
        for (int length = 0; length < whole.length; length += 7) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> load(cut))
                    .isInstanceOf(BootException.class)
                    .hasMessageContaining("kernel")
                    .message()
                    .doesNotContain("\n");
        }
    }

    @Test
    void refusesAKernelOutsideTheMemory() throws IOException {
        byte[] far = kernel();
        ByteBuffer.wrap(far).order(ByteOrder.LITTLE_ENDIAN).putLong(64 + 24, SIZE);
        assertThatThrownBy(() -> load(far)).isInstanceOf(BootException.class).hasMessageContaining("does not fit");
    }

    private static int sum(byte[] bytes) {
        int sum = 0;
        for (byte b : bytes) {
            sum += b;
        }
        return sum & 0xff;
    }

    private PvhBoot.Entry load(byte[] kernel) throws IOException {
        Path kernelFile = Files.write(directory.resolve("vmlinux"), kernel);
        Path initramfs = Files.writeString(directory.resolve("initramfs"), "12345");
        return PvhBoot.load(
                memory,
                2,
                new BootSource(
                        kernelFile,
                        initramfs,
                        "over".getBytes(StandardCharsets.US_ASCII),
                        new DoorbellTrigger.FirstListen(),
                        List.of()),
                List.of());
    }

    /** The least ELF file with one PT_LOAD at 1 MiB and one PT_NOTE with a PVH entry. */
    private static byte[] kernel() {
        ByteBuffer elf = ByteBuffer.allocate(CODE + 32).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).putShort(18, (short) 62);
        elf.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
        int load = 64;
        elf.putInt(load, 1).putLong(load + 8, CODE).putLong(load + 24, 0x100000);
        elf.putLong(load + 32, 32).putLong(load + 40, 4096);
        int note = 64 + 56;
        elf.putInt(note, 4).putLong(note + 8, 0x200).putLong(note + 32, 20);
        elf.putInt(0x200, 4).putInt(0x204, 4).putInt(0x208, 18).putInt(0x20c, 0x006e6558);
        elf.putInt(0x210, 0x100010);
        elf.putInt(CODE, 0x12345678);
        return elf.array();
    }
}
