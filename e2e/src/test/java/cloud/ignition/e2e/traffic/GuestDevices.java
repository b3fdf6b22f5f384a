package cloud.ignition.e2e.traffic;

import cloud.ignition.vmm.Attachments;
import cloud.ignition.vmm.MachineShape;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What traffic does not use, asked for by a real guest's own drivers: discard and write-zeroes reach the file behind the
 * disk; frames that are not from the guest's own addresses do not reach the tap; a restored guest announces itself when it
 * is to, and only then.
 *
 * <p>A program like {@link Cycles}: {@code GuestDevices KERNEL INITRAMFS DIRECTORY}.
 */
final class GuestDevices {
    private static final long MEMORY_BYTES = 64L << 20;

    /** As in e2e/guest/disk.c. */
    private static final int PIECE = 256 << 10;

    private static final int PIECES = 4;
    private static final int NUMBER = 2;

    private final Faults faults;
    private final Path disk;
    private final TrafficHost host;
    private final TrafficGuest guest;
    private final FrameWatch frames;

    private GuestDevices(Faults faults, Path disk, TrafficHost host, TrafficGuest guest, FrameWatch frames) {
        this.faults = faults;
        this.disk = disk;
        this.host = host;
        this.guest = guest;
        this.frames = frames;
    }

    public static void main(String[] arguments) throws IOException {
        Path directory = Files.createTempDirectory(Path.of(arguments[2]), "devices");
        Path disk = directory.resolve("disk");
        DiskContent.create(disk);
        Faults faults = new Faults();
        byte[] address = InetAddress.getByName(TrafficHost.GUEST).getAddress();
        try (TrafficHost host = new TrafficHost();
                TrafficGuest guest = new TrafficGuest(attachments(disk, host, false), directory, faults);
                FrameWatch frames = new FrameWatch(TrafficHost.NAME, address)) {
            guest.boot(
                    new MachineShape(1, MEMORY_BYTES),
                    Path.of(arguments[0]),
                    Path.of(arguments[1]),
                    List.of("writers=0"));
            guest.resume();
            new GuestDevices(faults, disk, host, guest, frames).check();
            System.out.println("devices: ok");
        } catch (AssertionError | RuntimeException e) {
            e.printStackTrace();
            System.exit(1);
        }
        System.exit(0);
    }

    private static Attachments attachments(Path disk, TrafficHost host, boolean announce) {
        return new Attachments(
                List.of(new Attachments.Disk(disk, false)), Optional.of(host.guardedNet(announce)), Optional.empty());
    }

    private void check() throws IOException {
        unmap();
        spoof();
        announce();
    }

    private void unmap() throws IOException {
        long before = allocated();
        Map<String, Long> seen = Http.numbers(host.http(), "/unmap");
        System.out.println("devices: " + seen + ", on disk " + before + " became " + allocated());
        expect(seen.get("kept") == 2 * PIECE, "the pieces around keep what was written");
        expect(seen.get("zeroes") == 2 * PIECE, "what was discarded and what was zeroed reads as zeroes");
        expect(seen.get("discard_max") >= PIECE && seen.get("zeroes_max") >= PIECE, "the device offers both");
        byte[] file = Files.readAllBytes(disk);
        byte[] wanted = new byte[PIECES * PIECE];
        Pattern.fill(wanted, wanted.length, Pattern.salt(Pattern.DISK, NUMBER), 0);
        Arrays.fill(wanted, PIECE, 3 * PIECE, (byte) 0);
        expect(Arrays.equals(wanted, 0, wanted.length, file, 0, wanted.length), "the file holds the same");
        expect(before - allocated() >= PIECE, "what was discarded takes no space on the host");
    }

    private void spoof() {
        Map<String, Long> said = Http.numbers(host.http(), "/spoof");
        faults.await(
                "the guest's last frame",
                TrafficGuest.LIMIT,
                () -> frames.marks().contains("<own ip>"));
        System.out.println("devices: " + said + " frames, came out: " + frames.marks());
        expect(said.get("sent") == 5, "the guest sent all frames");
        expect(frames.marks().equals(List.of("<own arp>", "<own ip>")), "only the honest frames come out");
    }

    private void announce() {
        again(false);
        expect(frames.announcements().isEmpty(), "no announcement that nobody wants");
        again(true);
        faults.await(
                "the guest announces itself",
                TrafficGuest.LIMIT,
                () -> !frames.announcements().isEmpty());
        System.out.println("devices: announced by " + frames.announcements().getFirst());
    }

    /** Returns when the restored guest has answered. */
    private void again(boolean announce) {
        guest.stop(TrafficGuest.Stop.QUIESCED);
        guest.save();
        guest.closeMachine();
        guest.restore(attachments(disk, host, announce));
        guest.resume();
        Http.numbers(host.http(), "/state");
    }

    private long allocated() {
        return Long.parseLong(
                TrafficHost.run("du", "--block-size=1", disk.toString()).split("\t", -1)[0]);
    }

    private static void expect(boolean right, String what) {
        if (!right) {
            throw new AssertionError("not so: " + what);
        }
    }
}
