package cloud.ignition.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a guest of a few instructions does to end itself, and what its owner hears of it. Needs /dev/kvm. A triple fault is left to
 * the end-to-end tests: a KVM in software reports an internal error in its place.
 */
@Timeout(60)
class GuestEndsTest {
    private static final int LOAD_ADDRESS = 0x100000;
    private static final int CODE = 0x300;
    private static final int CODE_BYTES = 512;
    private static final String LAST_WORDS = "whole line\ncut of";

    /** HLT and a jump back to it: a guest that is not ended stands still. */
    private static final String STAND_STILL = "f4 eb fd";

    @TempDir
    Path directory;

    /** mov dx, port; mov al, letter; out dx, al · mov al, 0xfe; out 0x64, al. */
    @ParameterizedTest
    @CsvSource({
        "POWER_OFF, 66 ba a0 05 b0 50 ee",
        "PANIC, 66 ba a0 05 b0 58 ee",
        "REBOOT, b0 fe e6 64",
    })
    void eachWayHasItsKindAndComesBehindTheLastWords(MachineExit.Kind kind, String code) throws Exception {
        Owner owner = new Owner();
        try (MicroVm machine = MicroVm.boot(
                new MachineShape(1, 64L << 20),
                source(code),
                new Attachments(List.of(), Optional.empty(), Optional.empty()),
                owner)) {
            machine.resume();
            MachineExit exit = owner.exits.poll(30, TimeUnit.SECONDS);
            assertThat(exit).as("an exit within the time limit").isNotNull();
            assertThat(exit.kind()).isEqualTo(kind);
            assertThat(owner.linesAtExit).containsExactly("whole line", "cut of");
            machine.pause();
        }
        assertThat(owner.exits).as("a second exit").isEmpty();
    }

    private BootSource source(String code) throws IOException {
        Path kernel = Files.write(directory.resolve("vmlinux"), kernel(code));
        Path initramfs = Files.write(directory.resolve("initramfs"), new byte[1]);
        return new BootSource(kernel, initramfs, new byte[0], new DoorbellTrigger.Manual(), List.of());
    }

    /** An ELF file with one PT_LOAD and the note of a PVH entry, 16 bytes behind its start. */
    private static byte[] kernel(String code) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        text.writeBytes(new byte[16]);
        text.writeBytes(hex("66 ba f8 03"));
        for (byte octet : LAST_WORDS.getBytes(StandardCharsets.US_ASCII)) {
            text.writeBytes(new byte[] {(byte) 0xb0, octet, (byte) 0xee});
        }
        text.writeBytes(hex(code + " " + STAND_STILL));
        ByteBuffer elf = ByteBuffer.allocate(CODE + CODE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).putShort(18, (short) 62);
        elf.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
        int load = 64;
        elf.putInt(load, 1).putLong(load + 8, CODE).putLong(load + 24, LOAD_ADDRESS);
        elf.putLong(load + 32, CODE_BYTES).putLong(load + 40, 4096);
        int note = 64 + 56;
        elf.putInt(note, 4).putLong(note + 8, 0x200).putLong(note + 32, 20);
        elf.putInt(0x200, 4).putInt(0x204, 4).putInt(0x208, 18).putInt(0x20c, 0x006e6558);
        elf.putInt(0x210, LOAD_ADDRESS + 16);
        elf.put(CODE, text.toByteArray());
        return elf.array();
    }

    private static byte[] hex(String bytes) {
        return HexFormat.of().parseHex(bytes.replace(" ", ""));
    }

    /** Hears of the end, and of what the kernel said before it. */
    private static final class Owner implements MachineListener {
        final BlockingQueue<MachineExit> exits = new LinkedBlockingQueue<>();
        final List<String> lines = new CopyOnWriteArrayList<>();
        volatile List<String> linesAtExit = List.of();

        @Override
        public DoorbellAnswer onDoorbell(Doorbell doorbell) {
            return DoorbellAnswer.CONTINUE;
        }

        @Override
        public void onKernelMessage(String line) {
            lines.add(line);
        }

        @Override
        public void onExit(MachineExit exit) {
            linesAtExit = List.copyOf(lines);
            exits.add(exit);
        }
    }
}
