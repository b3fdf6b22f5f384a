package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.Attachments;
import cloud.ignition.vmm.BootSource;
import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.DoorbellAnswer;
import cloud.ignition.vmm.DoorbellTrigger;
import cloud.ignition.vmm.MachineExit;
import cloud.ignition.vmm.MachineListener;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.MicroVm;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.WakeTimeline;
import cloud.ignition.vmm.doorbell.DoorbellDevice;
import cloud.ignition.vmm.legacy.Serial;
import cloud.ignition.vmm.warmup.PvhElf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A real machine on KVM whose guest is a dozen instructions: it fills two pages, prints two letters without a line end,
 * rings the doorbell, fills a third page when it goes on, and rings again for ever.
 */
final class TinyMachine implements AutoCloseable {
    static final MachineShape SHAPE = new MachineShape(1, 64L << 20);
    static final long FIRST_PAGES = 0x200000;
    static final int PATTERN = 0x12345678;
    static final String PRINTED = "hi";

    /** What the tests' snapshots are snapshots of. */
    static final SnapshotSubject SUBJECT =
            new SnapshotSubject(Map.of("image", "sha256:" + "0".repeat(64), "kernel", "tiny", "note", "with = sign"));

    private static final AtomicInteger TAPS = new AtomicInteger();
    private static final int LOAD_ADDRESS = 0x100000;

    final MicroVm vm;
    private final Tap tap;
    private final Bell bell;

    private TinyMachine(MicroVm vm, Tap tap, Bell bell) {
        this.vm = vm;
        this.tap = tap;
        this.bell = bell;
    }

    /** Boots one and lets it run up to its first ring. {@code scratch} is for files that the machine needs. */
    static TinyMachine booted(Path scratch) throws IOException {
        Path kernel = Files.write(scratch.resolve("vmlinux"), kernel());
        Path initramfs = Files.write(scratch.resolve("initramfs"), new byte[4]);
        BootSource source =
                new BootSource(kernel, initramfs, new byte[0], new DoorbellTrigger.FirstListen(), List.of());
        Tap tap = tap();
        Bell bell = new Bell();
        TinyMachine machine = new TinyMachine(MicroVm.boot(SHAPE, source, attachments(scratch, tap), bell), tap, bell);
        machine.goOn();
        return machine;
    }

    /** Restores one; {@link #goOn} lets it run up to its second ring. */
    static TinyMachine restored(Path snapshot, Path scratch) throws IOException {
        Tap tap = tap();
        Bell bell = new Bell();
        try {
            return new TinyMachine(
                    MicroVm.restore(snapshot, attachments(scratch, tap), bell, new WakeTimeline()), tap, bell);
        } catch (RuntimeException e) {
            tap.close();
            throw e;
        }
    }

    /** Lets it run up to its next ring. */
    void goOn() {
        vm.resume();
        try {
            if (!bell.rings.tryAcquire(20, TimeUnit.SECONDS)) {
                throw new AssertionError("the guest did not ring: " + bell.exit);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        vm.pause();
    }

    @Override
    public void close() {
        vm.close();
        tap.close();
    }

    private static Tap tap() {
        return Tap.open("igt" + ProcessHandle.current().pid() % 1_000_000 + "x" + TAPS.getAndIncrement(), false);
    }

    private static Attachments attachments(Path scratch, Tap tap) throws IOException {
        Path disk = scratch.resolve("disk");
        if (!Files.exists(disk)) {
            Files.write(disk, new byte[64 << 10]);
        }
        return new Attachments(
                List.of(new Attachments.Disk(disk, true)),
                Optional.of(new Attachments.Net(tap, HexFormat.of().parseHex("021122334455"))),
                Optional.empty());
    }

    private static final class Bell implements MachineListener {
        final Semaphore rings = new Semaphore(0);
        volatile String exit = "it still runs";

        @Override
        public DoorbellAnswer onDoorbell(Doorbell doorbell) {
            rings.release();
            return DoorbellAnswer.HOLD;
        }

        @Override
        public void onExit(MachineExit ended) {
            exit = ended.toString();
        }
    }

    /** An ELF file with one PT_LOAD at 1 MiB and a PVH entry note that points to its start. */
    private static byte[] kernel() {
        ByteBuffer code = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        fill(code, FIRST_PAGES, 2 * 1024);
        out(code, Serial.PORT, PRINTED.charAt(0));
        out(code, Serial.PORT, PRINTED.charAt(1));
        out(code, DoorbellDevice.PORT, Doorbell.Kind.LISTEN.letter());
        fill(code, FIRST_PAGES + 0x4000, 1024);
        out(code, DoorbellDevice.PORT, Doorbell.Kind.LISTEN.letter());
        code.put((byte) 0xeb).put((byte) -3); // jmp to the last ring
        return PvhElf.of(LOAD_ADDRESS, code.array());
    }

    /** mov edi, address; mov ecx, count; mov eax, PATTERN; rep stosd. */
    private static void fill(ByteBuffer code, long address, int words) {
        code.put((byte) 0xbf).putInt((int) address).put((byte) 0xb9).putInt(words);
        code.put((byte) 0xb8).putInt(PATTERN).put((byte) 0xf3).put((byte) 0xab);
    }

    /** mov edx, port; mov al, value; out dx, al. */
    private static void out(ByteBuffer code, long port, int value) {
        code.put((byte) 0xba)
                .putInt((int) port)
                .put((byte) 0xb0)
                .put((byte) value)
                .put((byte) 0xee);
    }
}
