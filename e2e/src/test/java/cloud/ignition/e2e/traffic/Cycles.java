package cloud.ignition.e2e.traffic;

import cloud.ignition.vmm.Attachments;
import cloud.ignition.vmm.MachineShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Saves, closes and restores one machine again and again while clients and the guest's own writers keep all its devices
 * busy. Every byte of every stream is checked; after each restore everything must move on; what the process holds of
 * the host's must not grow.
 *
 * <p>A program of its own, so that it runs with root's rights on a machine with KVM: {@code Cycles KERNEL INITRAMFS
 * DIRECTORY CYCLES VCPUS}. Exit code 0 is success.
 */
final class Cycles implements AutoCloseable {
    private static final long MEMORY_BYTES = 64L << 20;
    private static final int STREAMS = 2;
    private static final int HTTP_CLIENTS = 2;
    private static final List<TrafficGuest.Stop> STOPS = List.of(TrafficGuest.Stop.values());

    /** Cycles until caches and compiled code have their size. */
    private static final int WARM_UP = 20;

    private static final int CHECK_EVERY = 10;

    /** Long enough for a guest kernel to say what is wrong with it. */
    private static final long LAST_WORDS_MILLIS = 15_000;

    private final Path directory;
    private final Faults faults = new Faults();
    private final TrafficHost host = new TrafficHost();
    private final VsockHost vsock;
    private final TrafficGuest guest;
    private final Path disk;
    private final List<StreamClient> vsockStreams = new ArrayList<>();
    private final List<StreamClient> streams = new ArrayList<>();
    private final List<HttpClientLoop> clients = new ArrayList<>();
    private final Times times = new Times();
    private Map<String, Long> state = Map.of();
    private Optional<Footprint> baseline = Optional.empty();

    private Cycles(Path directory) {
        this.directory = directory;
        disk = directory.resolve("disk");
        DiskContent.create(disk);
        vsock = new VsockHost(directory);
        guest = new TrafficGuest(
                new Attachments(
                        List.of(new Attachments.Disk(disk, false)), Optional.of(host.net()), Optional.of(vsock.hub())),
                directory,
                faults);
    }

    public static void main(String[] arguments) throws IOException {
        Path kernel = Path.of(arguments[0]);
        Path initramfs = Path.of(arguments[1]);
        Path directory = Files.createTempDirectory(Path.of(arguments[2]), "cycles");
        int count = Integer.parseInt(arguments[3]);
        int vcpus = Integer.parseInt(arguments[4]);
        long start = System.nanoTime();
        try (Cycles cycles = new Cycles(directory)) {
            cycles.guest.boot(new MachineShape(vcpus, MEMORY_BYTES), kernel, initramfs, List.of());
            cycles.guest.resume();
            cycles.run(count);
            long seconds = (System.nanoTime() - start) / 1_000_000_000;
            System.out.println(cycles.times);
            System.out.println("nightly: step=cycles-of-" + vcpus + "-vcpus"
                    + (Boolean.getBoolean("ignition.vhost") ? "-vhost" : "") + " cycles=" + count + " seconds="
                    + seconds + " bytes="
                    + cycles.bytes() + " vsock-bytes=" + bytes(cycles.vsockStreams) + " requests="
                    + cycles.requests() + " serial-lines="
                    + cycles.guest.events().serial().last() + " console-lines="
                    + cycles.guest.events().console().last() + " disk-blocks=" + cycles.blocks());
        } catch (AssertionError | RuntimeException e) {
            e.printStackTrace();
            System.exit(1);
        }
        System.exit(0); // not before the clients' threads end, which wait for a guest that is gone
    }

    private void run(int count) {
        try {
            connect();
            for (int number = 1; number <= count; number++) {
                cycle(number);
            }
            end();
        } catch (AssertionError e) {
            System.err.println(state);
            Faults.sleep(LAST_WORDS_MILLIS);
            throw e;
        }
    }

    private void connect() {
        for (int i = 0; i < STREAMS; i++) {
            streams.add(StreamClient.connect(host.streams(), faults));
        }
        vsockStreams.add(vsock.connect(faults));
        vsockStreams.add(vsock.accept(faults));
        for (int i = 0; i < HTTP_CLIENTS; i++) {
            clients.add(new HttpClientLoop(host.http(), i, faults));
        }
        moveOn();
    }

    private void cycle(int number) {
        TrafficGuest.Stop how = STOPS.get(number % STOPS.size());
        long begin = System.nanoTime();
        if (!guest.stop(how)) {
            guest.saveIsRefused();
            guest.resume();
            guest.stop(TrafficGuest.Stop.QUIESCED);
        }
        long stopped = System.nanoTime();
        guest.save();
        long saved = System.nanoTime();
        guest.closeMachine();
        if (number >= WARM_UP && number % CHECK_EVERY == 0) {
            checkFootprint(number);
        }
        long closed = System.nanoTime();
        guest.restore();
        guest.resume();
        long resumed = System.nanoTime();
        moveOn();
        long moved = System.nanoTime();
        times.add(how + "-stop", stopped - begin);
        times.add("save", saved - stopped);
        times.add("restore", resumed - closed);
        times.add("move-on", moved - resumed);
    }

    /** Waits until every part of the guest has done more than it had when it was first asked. */
    private void moveOn() {
        Map<String, Long> first = Http.numbers(host.http(), "/state");
        long[] answers = clients.stream().mapToLong(HttpClientLoop::answers).toArray();
        List<StreamClient> all = new ArrayList<>(streams);
        all.addAll(vsockStreams);
        long[] received = all.stream().mapToLong(StreamClient::received).toArray();
        faults.await("the guest's parts move on from " + first, TrafficGuest.LIMIT, () -> {
            state = Http.numbers(host.http(), "/state");
            return state.entrySet().stream().allMatch(entry -> entry.getValue() > first.get(entry.getKey()));
        });
        faults.await(
                "the guest's lines come",
                TrafficGuest.LIMIT,
                () -> guest.events().serial().last() >= state.get("serial")
                        && guest.events().console().last() >= state.get("console"));
        for (int i = 0; i < clients.size(); i++) {
            HttpClientLoop client = clients.get(i);
            long before = answers[i];
            faults.await("HTTP client " + i + " gets an answer", TrafficGuest.LIMIT, () -> client.answers() > before);
        }
        for (int i = 0; i < all.size(); i++) {
            StreamClient stream = all.get(i);
            long before = received[i];
            faults.await(stream + " comes", TrafficGuest.LIMIT, () -> stream.received() > before);
        }
    }

    private void checkFootprint(int number) {
        faults.await(
                "KVM lets the machine go",
                TrafficGuest.LIMIT,
                () -> !Footprint.hasVm() && !Footprint.maps(directory.toString()));
        System.gc(); // buffers that only the collector frees
        Footprint now = Footprint.now();
        System.out.println("cycle " + number + ": " + now + " " + state);
        baseline.ifPresent(before -> {
            String growth = now.growthSince(before);
            if (!growth.isEmpty()) {
                throw new AssertionError("after " + number + " cycles " + growth);
            }
        });
        if (baseline.isEmpty()) {
            baseline = Optional.of(now);
        }
    }

    /** Stops for the last time and looks at the disk. */
    private void end() {
        guest.stop(TrafficGuest.Stop.FORCED);
        faults.check();
        DiskContent.check(disk, state.get("disk0"), state.get("disk1"));
    }

    private long bytes() {
        return bytes(streams)
                + clients.stream().mapToLong(HttpClientLoop::bytes).sum();
    }

    private static long bytes(List<StreamClient> streams) {
        return streams.stream().mapToLong(s -> s.sent() + s.received()).sum();
    }

    private long requests() {
        return clients.stream().mapToLong(HttpClientLoop::answers).sum();
    }

    private long blocks() {
        return state.get("disk0") + state.get("disk1");
    }

    @Override
    public void close() {
        streams.forEach(StreamClient::close);
        vsockStreams.forEach(StreamClient::close);
        guest.close();
        vsock.close();
        host.close();
    }
}
