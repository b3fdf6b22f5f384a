package cloud.ignition.vmm.virtio.vsock;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;

import cloud.ignition.linux.Epoll;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A guest's socket driver: packets out of and into the queues of a device whose back end is real. */
final class VsockGuest {
    static final int RX = VsockDevice.RECEIVE;
    static final int TX = VsockDevice.TRANSMIT;
    static final int EVENT = VsockDevice.EVENT;
    static final long CID = VsockConfig.DEFAULT_CID;

    private static final long RX_AREA = 1 << 20;
    private static final long TX_AREA = 2 << 20;
    private static final long EVENT_AREA = 3 << 20;
    private static final int RX_BUFFER = 4096;
    private static final int RX_BUFFERS = 16;

    record Packet(VsockHeader header, byte[] payload) {
        int op() {
            return header.op();
        }
    }

    final UnixBackend backend;
    final GuestMemory memory;
    final VsockDevice device;
    final TestDriver driver;
    final Deque<Packet> arrived = new ArrayDeque<>();
    private final Map<Integer, Long> receiveBuffers = new HashMap<>();

    /** A machine that has just booted. */
    VsockGuest(UnixBackend backend) {
        this(backend, TestRam.of(TestDriver.RAM_BYTES));
        driver.startAll();
        provideEventBuffer();
        provide(RX_BUFFERS);
    }

    private VsockGuest(UnixBackend backend, GuestMemory memory) {
        this.backend = backend;
        this.memory = memory;
        this.device = new VsockDevice(new VsockConfig(CID), backend, System::nanoTime);
        this.driver = new TestDriver(device, memory);
    }

    record Saved(VsockState device, MmioTransportState transport) {}

    Saved save() {
        MmioTransportState transport = driver.transport.save();
        return new Saved(device.save(), transport);
    }

    /** Another machine with this one's memory; its driver does not notice. This one is gone. */
    VsockGuest restored(UnixBackend other, Saved saved) {
        driver.transport.close();
        VsockGuest fresh = new VsockGuest(other, memory);
        fresh.device.restore(saved.device());
        fresh.driver.transport.restore(saved.transport());
        fresh.driver.queues.addAll(driver.queues);
        fresh.arrived.addAll(arrived);
        fresh.receiveBuffers.putAll(receiveBuffers);
        fresh.driver.transport.kickAll();
        fresh.pump();
        return fresh;
    }

    void provide(int buffers) {
        for (int i = 0; i < buffers; i++) {
            long at = RX_AREA + (long) RX_BUFFER * receiveBuffers.size();
            provide(at);
        }
        driver.kick(RX);
    }

    private void provide(long at) {
        // in two pieces, as older drivers do
        int head = driver.queue(RX).add(writable(at, 60), writable(at + 60, RX_BUFFER - 60));
        receiveBuffers.put(head, at);
    }

    private void provideEventBuffer() {
        driver.queue(EVENT).add(writable(EVENT_AREA, 4));
        memory.setInt(EVENT_AREA, -1);
        driver.kick(EVENT);
    }

    /** Whether the guest was told that its connections are lost. */
    boolean takeTransportReset() {
        DriverQueue.Used used = driver.queue(EVENT).takeUsed();
        return used != null && used.length() == 4 && memory.getInt(EVENT_AREA) == 0;
    }

    /** Does what the event loop does, until nothing happens any more; takes what arrives, at once or never. */
    void pump(boolean take) {
        Epoll.Events events = new Epoll.Events(1);
        try (Epoll loop = Epoll.create()) {
            loop.add(backend.fd().orElseThrow(), Epoll.IN, 0);
            boolean more = true;
            for (int round = 0; more; round++) {
                if (round == 10_000) {
                    throw new AssertionError("the back end is ready for ever");
                }
                more = driver.interest == Epoll.IN && loop.await(events, 0) > 0;
                if (more) {
                    driver.transport.onBackendReadable();
                }
                driver.runRequested();
                more |= take && takePackets();
            }
        }
    }

    void pump() {
        pump(true);
    }

    private boolean takePackets() {
        boolean any = false;
        for (DriverQueue.Used used = driver.queue(RX).takeUsed();
                used != null;
                used = driver.queue(RX).takeUsed()) {
            Long at = receiveBuffers.remove(used.head());
            if (at == null) {
                throw new AssertionError("used what was not provided: " + used);
            }
            byte[] bytes = memory.read(at, (int) used.length());
            MemorySegment all = MemorySegment.ofArray(bytes);
            byte[] payload = java.util.Arrays.copyOfRange(bytes, VsockHeader.BYTES, bytes.length);
            arrived.add(new Packet(VsockHeader.read(all), payload));
            provide(at);
            any = true;
        }
        if (any) {
            driver.kick(RX);
        }
        return any;
    }

    /** The next packet of this operation; those before it are thrown away. */
    Packet expect(int op) {
        for (Packet packet = arrived.poll(); packet != null; packet = arrived.poll()) {
            if (packet.op() == op) {
                return packet;
            }
        }
        throw new AssertionError("no packet with operation " + op);
    }

    @Nullable
    Packet poll() {
        return arrived.poll();
    }

    /** Sends a packet and lets everything happen that follows. */
    void send(VsockHeader header, byte... payload) {
        sendQuietly(header, payload);
        pump();
    }

    /** Sends a packet, without looking at what comes back. */
    void sendQuietly(VsockHeader header, byte... payload) {
        place(header, payload);
        driver.kick(TX);
        driver.queue(TX).takeAllUsed();
    }

    /** Puts a packet into the queue and does not kick. */
    void place(VsockHeader header, byte... payload) {
        MemorySegment bytes = memory.slice(TX_AREA, VsockHeader.BYTES);
        header.write(bytes);
        if (payload.length == 0) {
            driver.queue(TX).add(readable(TX_AREA, VsockHeader.BYTES));
        } else {
            memory.write(TX_AREA + VsockHeader.BYTES, payload);
            int first = payload.length / 2 + VsockHeader.BYTES;
            driver.queue(TX)
                    .add(
                            readable(TX_AREA, first),
                            readable(TX_AREA + first, payload.length + VsockHeader.BYTES - first));
        }
    }
}
