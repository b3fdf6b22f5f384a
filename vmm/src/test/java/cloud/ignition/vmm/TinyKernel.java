package cloud.ignition.vmm;

import cloud.ignition.vmm.doorbell.DoorbellDevice;
import cloud.ignition.vmm.memory.RamLayout;
import cloud.ignition.vmm.virtio.MmioTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/**
 * A "kernel" of a few instructions that boots the PVH way and runs on any KVM: it reads a register of the first virtio device, kicks
 * the device, writes a line to the serial port and for ever changes its memory and rings the doorbell.
 */
final class TinyKernel {
    /** What it writes to the serial port. */
    static final String GREETING = "x";

    private static final int LOAD_ADDRESS = 0x100000;
    private static final int CODE = 0x1000;
    private static final int PROGRAM_HEADERS = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int NOTE = 0x200;

    private TinyKernel() {}

    /** Writes kernel and an empty initramfs into a directory. */
    static BootSource in(Path directory) throws IOException {
        Path kernel = Files.write(directory.resolve("vmlinux"), elf());
        Path initramfs = Files.write(directory.resolve("initramfs"), new byte[4]);
        return new BootSource(kernel, initramfs, new byte[0], new DoorbellTrigger.FirstListen(), List.of());
    }

    private static byte[] code() {
        long window = RamLayout.HOLE_START;
        return HexFormat.of()
                .parseHex("a1" + little(window) // mov eax, [window]
                        + "c705" + little(window + MmioTransport.QUEUE_NOTIFY_OFFSET) + "00000000" // mov [notify], 0
                        + "66baf803" // mov dx, 0x3f8
                        + "b078ee" // out dx, 'x'
                        + "b00aee" // out dx, '\n'
                        + "66ba" + little(DoorbellDevice.PORT).substring(0, 4) // mov dx, the doorbell
                        + "b0" + HexFormat.of().toHexDigits((byte) Doorbell.Kind.QUIESCED.letter()) // mov al, 'Q'
                        + "ff05" + little(0x200000) // inc dword [2 MiB]
                        + "eeebf7"); // out dx, al; again
    }

    private static String little(long address) {
        return HexFormat.of().toHexDigits(Integer.reverseBytes((int) address));
    }

    private static byte[] elf() {
        byte[] code = code();
        ByteBuffer elf = ByteBuffer.allocate(CODE + code.length).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).putShort(18, (short) 62);
        elf.putLong(32, PROGRAM_HEADERS)
                .putShort(54, (short) PROGRAM_HEADER_BYTES)
                .putShort(56, (short) 2);
        int load = PROGRAM_HEADERS;
        elf.putInt(load, 1).putLong(load + 8, CODE).putLong(load + 24, LOAD_ADDRESS);
        elf.putLong(load + 32, code.length).putLong(load + 40, 4096);
        int note = load + PROGRAM_HEADER_BYTES;
        elf.putInt(note, 4).putLong(note + 8, NOTE).putLong(note + 32, 20);
        elf.putInt(NOTE, 4).putInt(NOTE + 4, 4).putInt(NOTE + 8, 18).putInt(NOTE + 12, 0x006e6558);
        elf.putInt(NOTE + 16, LOAD_ADDRESS);
        elf.put(CODE, code);
        return elf.array();
    }
}
