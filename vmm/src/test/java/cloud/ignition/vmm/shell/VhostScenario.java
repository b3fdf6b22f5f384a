package cloud.ignition.vmm.shell;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Tap;
import cloud.ignition.linux.fault.CallFilter;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.virtio.MmioTransport;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.net.MacAddress;
import cloud.ignition.vmm.virtio.net.NetConfig;
import cloud.ignition.vmm.virtio.net.NetDevice;
import cloud.ignition.vmm.virtio.net.TapBackend;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * The host's own vhost-net behind a network device, in a shell with KVM, with a driver that is this program: what needs /dev/vhost-net. {@code
 * VhostIT} plays it on a machine that has it, in a network namespace of its own. What a scenario finds wrong ends it with an error.
 */
final class VhostScenario implements AutoCloseable {
    private static final String TAP = "vhost0";
    private static final String HOST = "198.18.214.1";
    private static final String GUEST = "198.18.214.2";
    private static final MacAddress MAC = MacAddress.of(new byte[] {2, 0, 0, 0, 0, 1});
    private static final int PORT = 7777;
    private static final int HEADER = NetDevice.HEADER_BYTES;
    private static final int IP = HEADER + 14;
    private static final int PAYLOAD = IP + 28;
    private static final int RX = 0;
    private static final int TX = 1;
    private static final int BUFFER = 1536;
    private static final int NEEDS_RESET = 0x40;
    private static final long PATIENCE_SECONDS = 20;
    private static final int TURNS = 200;

    private final Tap tap;
    private final DatagramSocket host;
    private final VmShell shell;
    private final TestDriver driver;
    private final Semaphore errors = new Semaphore(0);
    private final byte[] hostMac;

    private VhostScenario() throws IOException, InterruptedException {
        tap = Tap.open(TAP, false);
        run("ip", "address", "add", HOST + "/30", "dev", TAP);
        Files.writeString(Path.of("/proc/sys/net/ipv6/conf", TAP, "disable_ipv6"), "1");
        run("ip", "link", "set", "dev", TAP, "up");
        run("ip", "neighbour", "replace", GUEST, "lladdr", MAC.toString(), "dev", TAP, "nud", "permanent");
        hostMac = HexFormat.ofDelimiter(":")
                .parseHex(Files.readString(Path.of("/sys/class/net", TAP, "address"))
                        .strip());
        host = new DatagramSocket(new InetSocketAddress(HOST, PORT));
        host.setSoTimeout((int) TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        shell = shell();
        shell.backing().placeZeroes();
        VhostQueues queues = shell.vhost().orElseThrow(() -> new AssertionError("a shell without vhost-net"));
        NetDevice device = new NetDevice(
                new NetConfig(MAC), new TapBackend(tap), Optional.of(new KernelTap(queues, tap)), System::nanoTime);
        driver = new TestDriver(device, shell.memory());
        queues.onError(() -> {
            driver.transport.onKernelError();
            errors.release();
        });
        shell.loop().serve(() -> {}, () -> {}, failure -> failure.printStackTrace(System.err));
        shell.loop().resume();
    }

    private static VmShell shell() {
        return VmShell.create(
                KvmHost.open(),
                new ShellPlan(
                        new MachineShape(1, Limits.MIN_MEMORY_BYTES), List.of(NetDevice.QUEUES), OptionalInt.of(0)));
    }

    /** Plays one scenario. */
    public static void main(String[] words) throws Exception {
        try (VhostScenario scenario = new VhostScenario()) {
            switch (words[0]) {
                case "turns" -> scenario.turns();
                case "lies" -> scenario.lies();
                case "refusals" -> scenario.refusals();
                default -> throw new IllegalArgumentException(words[0]);
            }
        }
        System.out.println(words[0] + ": ok");
    }

    /** Kernel and process serve the same queues in turns, and no frame is lost, doubled or out of order. */
    private void turns() throws IOException {
        Random random = new Random(7);
        start();
        int sent = 0;
        int heard = 0;
        int told = 0;
        int received = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            for (int i = random.nextInt(4); i > 0; i--) {
                send(sent++);
                tell(told++);
            }
            if (random.nextBoolean()) {
                kick(TX);
            }
            if (random.nextBoolean()) {
                driver.transport.drain();
                check(driver.lies.isEmpty(), driver.lies);
            }
            for (int i = random.nextInt(3); i > 0; i--) {
                send(sent++);
            }
            driver.transport.onResume();
            kick(TX);
            while (heard < sent) {
                check(hear() == heard, "frame " + heard + " of the guest is lost");
                heard++;
            }
            while (received < told) {
                check(receive() == received, "frame " + received + " for the guest is lost");
                received++;
            }
        }
        driver.transport.drain();
        check(driver.queue(TX).takeAllUsed().size() <= sent && driver.lies.isEmpty(), driver.lies);
        System.out.println(sent + " frames out, " + received + " in, over " + TURNS + " turns");
    }

    /** What a driver may do to rings that the kernel reads: it costs it its device until the next reset, and nobody else anything. */
    private void lies() throws Exception {
        List<Runnable> lies = List.of(
                () -> driver.queue(TX).setAvailIndex(driver.queue(TX).availIndex() + 1000),
                () -> driver.queue(RX).setAvailIndex(driver.queue(RX).availIndex() + 1000),
                () -> driver.queue(TX).available(60_000),
                () -> { // a chain without an end
                    driver.queue(TX).descriptor(0, driver.allocate(64), 64, DriverQueue.F_NEXT, 0);
                    driver.queue(TX).available(0);
                },
                () -> { // an address of nowhere
                    driver.queue(TX).descriptor(0, 1L << 40, 64, 0, 0);
                    driver.queue(TX).available(0);
                },
                () -> { // an address whose end is nowhere
                    driver.queue(TX).descriptor(0, Limits.MIN_MEMORY_BYTES - 10, 64, 0, 0);
                    driver.queue(TX).available(0);
                });
        int number = 0;
        for (Runnable lie : lies) {
            start();
            check(isServed(), "the kernel does not serve behind lie " + number);
            lie.run();
            kick(TX);
            tell(0); // has the kernel look into the other queue
            check(errors.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS), "lie " + number + " was not noticed");
            awaitThat("the device needs a reset", () -> (driver.status() & NEEDS_RESET) != 0);
            check(!driver.lies.isEmpty(), "nobody was told of lie " + number);
            driver.transport.drain();
            number++;
        }
        start();
        send(1);
        kick(TX);
        check(hear() == 1, "honest again, and not served");
        System.out.println(number + " lies");
    }

    /** Each call that is made for vhost-net is refused once: machines come without it then, or serve themselves, and nothing is left behind. */
    private void refusals() throws IOException {
        shell().close();
        int before = descriptors();
        int refused = 0;
        for (int nth = 1; nth < 200; nth++) {
            Refusing rule = new Refusing("VhostQueues", nth);
            CallFilter.set(rule);
            try (VmShell other = shell()) {
                check(rule.came() == other.vhost().isEmpty(), "a shell with half of vhost-net");
            } finally {
                CallFilter.clear();
            }
            check(descriptors() == before, descriptors() + " descriptors, not " + before);
            if (!rule.came()) {
                break;
            }
            refused++;
        }
        check(refused > 8, "only " + refused + " calls make it");
        int starts = 0;
        for (int nth = 1; nth < 200; nth++) {
            Refusing rule = new Refusing("VhostQueues.start", nth);
            CallFilter.set(rule);
            try {
                start();
            } finally {
                CallFilter.clear();
            }
            check(isServed() != rule.came(), "refused, and served by the kernel");
            send(nth);
            kick(TX);
            driver.transport.onNotify(TX); // the event loop's part
            check(hear() == nth, "a frame is lost behind a refused call");
            if (!rule.came()) {
                break;
            }
            starts++;
        }
        check(starts > 8, "only " + starts + " calls start it");
        System.out.println(refused + " and " + starts + " refused calls");
    }

    /** Refuses the nth call that is made below some method. */
    private static final class Refusing implements CallFilter.Rule {
        private final String below;
        private final int nth;
        private final AtomicInteger seen = new AtomicInteger();

        Refusing(String below, int nth) {
            this.below = below;
            this.nth = nth;
        }

        boolean came() {
            return seen.get() >= nth;
        }

        @Override
        public int refuse(String function) {
            if (function.startsWith("strerror") || function.equals("close")) {
                return 0;
            }
            boolean ours = StackWalker.getInstance()
                    .walk(frames -> frames.anyMatch(
                            frame -> (frame.getClassName() + "." + frame.getMethodName()).contains("." + below)));
            return ours && seen.incrementAndGet() == nth ? Errno.ENOMEM : 0;
        }
    }

    private static int descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return (int) all.count();
        }
    }

    private void start() {
        driver.startAll();
        driver.lies.clear();
        for (int i = 0; i < 64; i++) {
            addBuffer();
        }
        kick(RX);
    }

    private boolean isServed() {
        driver.acknowledge(1);
        return driver.interruptStatus() == 1;
    }

    private void kick(int queue) {
        shell.slots().getFirst().kicks().get(queue).signal();
    }

    private long nextBuffer;

    /** Out of a few MiB that are used again and again. */
    private long buffer() {
        nextBuffer = (nextBuffer + 2048) % (16L << 20);
        return (8L << 20) + nextBuffer;
    }

    private void addBuffer() {
        driver.queue(RX).add(writable(buffer(), BUFFER));
    }

    /** A datagram of the guest's with a number in it. */
    private void send(int number) {
        while (driver.queue(TX).takeUsed() != null) {
            // its descriptors are free again
        }
        ByteBuffer frame = ByteBuffer.allocate(PAYLOAD + 4);
        frame.position(HEADER).put(hostMac).put(MAC.toBytes()).putShort((short) 0x0800);
        frame.putShort((short) 0x4500)
                .putShort((short) 32)
                .putInt(0)
                .put((byte) 64)
                .put((byte) 17)
                .putShort((short) 0);
        frame.put(address(GUEST)).put(address(HOST));
        frame.putShort((short) PORT)
                .putShort((short) PORT)
                .putShort((short) 12)
                .putShort((short) 0)
                .putInt(number);
        int sum = 0;
        for (int i = IP; i < IP + 20; i += 2) {
            sum += frame.getShort(i) & 0xffff;
        }
        frame.putShort(IP + 10, (short) ~((sum & 0xffff) + (sum >>> 16)));
        long at = buffer();
        shell.memory().write(at, frame.array());
        driver.queue(TX).add(readable(at, frame.capacity()));
    }

    private static byte[] address(String dotted) {
        return InetAddress.ofLiteral(dotted).getAddress();
    }

    /** The number in the next datagram that the guest sent. */
    private int hear() throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[4], 4);
        try {
            host.receive(packet);
        } catch (SocketTimeoutException e) {
            throw new AssertionError("nothing comes out", e);
        }
        return ByteBuffer.wrap(packet.getData()).getInt();
    }

    /** A datagram for the guest. */
    private void tell(int number) throws IOException {
        byte[] bytes = ByteBuffer.allocate(4).putInt(number).array();
        host.send(new DatagramPacket(bytes, 4, new InetSocketAddress(GUEST, PORT)));
    }

    /** The number in the next datagram that the guest gets. */
    private int receive() {
        AtomicReference<DriverQueue.Used> used = new AtomicReference<>(new DriverQueue.Used(0, 0));
        awaitThat("a frame for the guest", () -> {
            DriverQueue.Used next = driver.queue(RX).takeUsed();
            used.set(next == null ? used.get() : next);
            return next != null;
        });
        check(used.get().length() >= PAYLOAD + 4, "a frame of " + used.get().length() + " bytes");
        long at = driver.queue(RX).bufferAddress(used.get().head());
        check(Short.toUnsignedInt(shell.memory().getShort(at + 10)) == 1, "num_buffers");
        int number = Integer.reverseBytes(shell.memory().getInt(at + PAYLOAD));
        addBuffer();
        kick(RX);
        return number;
    }

    private static void awaitThat(String what, BooleanSupplier holds) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!holds.getAsBoolean()) {
            check(System.nanoTime() < deadline, "waited in vain: " + what);
            Thread.onSpinWait();
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        check(process.waitFor() == 0, List.of(command) + ": " + output);
    }

    private static void check(boolean holds, Object otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    @Override
    public void close() {
        MmioTransport transport = driver.transport;
        new Closing()
                .then(shell::stop)
                .then(transport::close)
                .then(shell::close)
                .then(host::close)
                .then(tap::close)
                .orThrow();
    }
}
