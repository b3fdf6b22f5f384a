package cloud.ignition.e2e.traffic;

import cloud.ignition.vmm.Attachments;
import cloud.ignition.vmm.MachineShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A machine of one shape: boots to a listen, is saved, restored, saved as a running machine and restored again, and has
 * all its memory and vCPUs each time. Its snapshots take the room of what the guest uses.
 *
 * <p>A program like {@link Cycles}: {@code Shapes KERNEL INITRAMFS DIRECTORY VCPUS MIB}.
 */
final class Shapes {
    private static final int BYTES_PER_MIB = 1 << 20;
    private static final long GUEST_MIB = 16;
    private static final long PAGE = 4096;
    private static final int LOOKS = 20;
    private static final long LOOK_AGAIN_MILLIS = 500;
    private static final long HIGH_MEMORY_MIB = 4096;

    /** What a kernel takes for itself: its image, and 64 bytes for each page of 4 KiB. */
    private static final long KERNEL_BYTES = 48L << 20;

    private Shapes() {}

    public static void main(String[] arguments) throws IOException {
        Path kernel = Path.of(arguments[0]);
        Path initramfs = Path.of(arguments[1]);
        Path directory = Files.createTempDirectory(Path.of(arguments[2]), "shapes");
        MachineShape shape =
                new MachineShape(Integer.parseInt(arguments[3]), Long.parseLong(arguments[4]) * BYTES_PER_MIB);
        Faults faults = new Faults();
        try (TrafficHost host = new TrafficHost();
                TrafficGuest guest = new TrafficGuest(
                        new Attachments(List.of(), Optional.of(host.net()), Optional.empty()), directory, faults)) {
            guest.boot(shape, kernel, initramfs, List.of("writers=0", "memory_mib=" + GUEST_MIB));
            saveAndRestore(guest, host, shape);
            comesToRestWithoutWork(guest);
            saveAndRestore(guest, host, shape);
            Http.numbers(host.http(), "/spin");
            guest.stop(TrafficGuest.Stop.QUIESCED);
            expect(guest.events().atWork() > 0, "a guest with a busy process that says it has no work");
            faults.check();
            System.out.println("shape: vcpus=" + arguments[3] + " mib=" + arguments[4] + " ok");
        } catch (AssertionError | RuntimeException e) {
            e.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }

    /** It may still be at the end of a request. */
    private static void comesToRestWithoutWork(TrafficGuest guest) {
        guest.stop(TrafficGuest.Stop.QUIESCED);
        for (int turn = 1; guest.events().atWork() != 0; turn++) {
            expect(
                    turn < LOOKS,
                    "a guest without work that has " + guest.events().atWork() + " threads at work");
            guest.resume();
            Faults.sleep(LOOK_AGAIN_MILLIS);
            guest.stop(TrafficGuest.Stop.QUIESCED);
        }
    }

    private static void saveAndRestore(TrafficGuest guest, TrafficHost host, MachineShape shape) {
        long begin = System.nanoTime();
        Path snapshot = guest.save();
        long saved = System.nanoTime();
        Path memory = snapshot.resolve("memory");
        long taken = Long.parseLong(
                TrafficHost.run("du", "--block-size=1", memory.toString()).split("\t", -1)[0]);
        guest.closeMachine();
        long closed = System.nanoTime();
        guest.restore();
        guest.resume();
        Map<String, Long> seen = Http.numbers(host.http(), "/memory");
        long answered = System.nanoTime();
        System.out.println("shape: save=" + (saved - begin) / 1_000_000 + " ms, restore and first answer="
                + (answered - closed) / 1_000_000 + " ms, on disk=" + taken / BYTES_PER_MIB + " MiB, guest: " + seen);
        long most = KERNEL_BYTES + GUEST_MIB * BYTES_PER_MIB + shape.memoryBytes() / 32;
        expect(taken <= most, "a memory file that takes " + taken + " bytes, more than " + most);
        expect(seen.get("cpus") == shape.vcpus(), "a guest with " + seen.get("cpus") + " vCPUs");
        expect(
                seen.get("total_kib") * 1024 > shape.memoryBytes() - shape.memoryBytes() / 32 - KERNEL_BYTES,
                "a guest with " + seen.get("total_kib") + " KiB");
        boolean high = shape.memoryBytes() > HIGH_MEMORY_MIB * BYTES_PER_MIB;
        expect(
                seen.get("high_pages") == (high ? GUEST_MIB * BYTES_PER_MIB / PAGE : 0),
                seen.get("high_pages") + " pages above 4 GiB");
        expect(seen.get("checked") == GUEST_MIB * BYTES_PER_MIB, seen.get("checked") + " bytes compared");
    }

    private static void expect(boolean right, String what) {
        if (!right) {
            throw new AssertionError(what);
        }
    }
}
