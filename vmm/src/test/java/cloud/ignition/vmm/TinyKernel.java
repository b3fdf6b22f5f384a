package cloud.ignition.vmm;

import cloud.ignition.vmm.doorbell.DoorbellDevice;
import cloud.ignition.vmm.memory.RamLayout;
import cloud.ignition.vmm.virtio.MmioTransport;
import cloud.ignition.vmm.warmup.PvhElf;
import java.io.IOException;
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

    private TinyKernel() {}

    /** Writes kernel and an empty initramfs into a directory. */
    static BootSource in(Path directory) throws IOException {
        Path kernel = Files.write(directory.resolve("vmlinux"), PvhElf.of(LOAD_ADDRESS, code()));
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
}
