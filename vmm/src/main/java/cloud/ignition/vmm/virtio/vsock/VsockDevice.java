package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.ConfigSpace;
import cloud.ignition.vmm.virtio.DeviceControl;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.VirtioDevice;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A socket device (virtio 1.2 §5.10): stream sockets between the guest and the host, each way.
 *
 * <p>Packets of the guest are worked off as they come: their bytes go to the host's stream or into its bounded buffer.
 * Packets for the guest are made when there is a receive buffer for them, straight from the stream; until then each connection
 * only remembers what it owes, so nothing piles up (§5.10.6.3, deadlock). The exception is refusals, of which there may be so
 * many; then the guest's packets wait in its queue.
 */
public final class VsockDevice implements VirtioDevice {
    /** How many virtqueues it has. */
    public static final int QUEUES = 3;

    static final int RECEIVE = 0;
    static final int TRANSMIT = 1;
    static final int EVENT = 2;

    /** §5.10.3 feature bit 0. */
    static final long F_STREAM = 1L;

    /** §5.10.6.7: all connections are lost. */
    static final int EVENT_TRANSPORT_RESET = 0;

    static final int EVENT_BYTES = 4;

    private static final int CONFIG_BYTES = 8;

    private final VsockConfig config;
    private final VsockBackend backend;
    private final LongSupplier nanoTime;
    private final ConfigSpace space;
    private final Connections connections = new Connections();
    private final Queue<Refusal> refusals = new ArrayDeque<>();
    private final IoVector vector = new IoVector(Limits.CHAIN_DESCRIPTORS);
    private final VsockBackend.Listener listener = new FromHost();
    private boolean resetDue;
    private boolean transmitBlocked;
    private volatile long lastPacketNanos;

    private @Nullable SplitQueue receive;
    private @Nullable SplitQueue transmit;
    private @Nullable SplitQueue event;
    private @Nullable DeviceControl control;

    /**
     * @param backend stays its owner's
     * @param nanoTime monotonic clock, in nanoseconds
     */
    public VsockDevice(VsockConfig config, VsockBackend backend, LongSupplier nanoTime) {
        this.config = config;
        this.backend = backend;
        this.nanoTime = nanoTime;
        this.lastPacketNanos = nanoTime.getAsLong();
        this.space = new ConfigSpace(CONFIG_BYTES).u64(0, config.cid());
    }

    /** When the last packet went either way, on the monotonic clock; before the first: the device's creation. Any thread. */
    public long lastPacketNanos() {
        return lastPacketNanos;
    }

    @Override
    public int deviceId() {
        return Virtio.ID_VSOCK;
    }

    @Override
    public long offeredFeatures() {
        return F_STREAM;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {Limits.VSOCK_RECEIVE_QUEUE_SIZE, Limits.QUEUE_SIZE, Limits.QUEUE_SIZE};
    }

    @Override
    public long readConfig(int offset, int size) {
        return space.read(offset, size);
    }

    @Override
    public void activate(long features, List<SplitQueue> queues, DeviceControl deviceControl) {
        receive = queues.get(RECEIVE);
        transmit = queues.get(TRANSMIT);
        event = queues.get(EVENT);
        control = deviceControl;
    }

    /** A driver that starts anew knows no connections. */
    @Override
    public void deactivate() {
        receive = null;
        transmit = null;
        event = null;
        control = null;
        connections.clear();
        refusals.clear();
        transmitBlocked = false;
        resetDue = false;
    }

    @Override
    public void onNotify(int queue) {
        backend.running();
        switch (queue) {
            case TRANSMIT -> transmit();
            case EVENT -> tellReset();
            default -> {}
        }
        send();
    }

    @Override
    public Optional<Fd> backendFd() {
        return backend.fd();
    }

    @Override
    public int backendInterest() {
        return control == null ? 0 : Epoll.IN;
    }

    @Override
    public void onBackendReadable() {
        backend.running();
        backend.poll(listener);
        send();
    }

    /** The state of the parked device, whose streams are left with the back end. */
    public VsockState save() {
        List<ConnectionState> saved = new ArrayList<>();
        List<VsockStream> streams = new ArrayList<>();
        for (VsockConnection connection : connections.all()) {
            saved.add(connection.save());
            connection.stream().ifPresent(streams::add);
        }
        return new VsockState(
                config.cid(),
                backend.suspend(streams),
                resetDue,
                connections.nextHostPort(),
                List.copyOf(refusals),
                saved);
    }

    /**
     * Takes over a saved state. Connections go on when the back end still has their streams as they were; otherwise the guest
     * will be told that all are lost.
     *
     * @throws CorruptStateException when the guest knows itself by another identifier
     */
    public void restore(VsockState state) {
        CorruptStateException.require(
                state.cid() == config.cid(), "the vsock CID was " + state.cid() + " and is now " + config.cid());
        connections.setNextHostPort(state.nextHostPort());
        refusals.addAll(state.refusals());
        Optional<List<VsockStream>> streams = backend.takeOver(state.token());
        long open =
                state.connections().stream().filter(ConnectionState::hasStream).count();
        if (streams.isPresent() && streams.get().size() == open) {
            resetDue = state.resetDue();
            restoreConnections(state.connections(), new ArrayDeque<>(streams.get()));
        } else {
            streams.ifPresent(strangers -> strangers.forEach(VsockStream::close));
            resetDue = state.resetDue() || !state.connections().isEmpty();
        }
    }

    private void restoreConnections(List<ConnectionState> saved, Queue<VsockStream> streams) {
        for (ConnectionState state : saved) {
            VsockConnection connection = new VsockConnection(state, state.hasStream() ? streams.remove() : null);
            connection.onReady(0); // the peer may have made room when nobody looked
            connections.add(connection);
        }
    }

    /** Lets go of the back end. */
    @Override
    public void close() {
        backend.detach();
    }

    // ---- from the guest ----

    private void transmit() {
        SplitQueue queue = transmit;
        if (queue == null) {
            return;
        }
        for (int i = 0; i < Limits.CHAINS_PER_TURN; i++) {
            transmitBlocked = refusals.size() >= Limits.VSOCK_PENDING_RESETS;
            DescriptorChain chain = transmitBlocked ? null : queue.next();
            if (chain == null) {
                return;
            }
            fromGuest(VsockPacket.read(chain, config.cid()), chain);
            queue.complete(chain.head(), 0);
            queue.publish();
            packetSeen();
        }
        notifyLater(TRANSMIT);
    }

    private void fromGuest(VsockHeader header, DescriptorChain chain) {
        VsockAddress address = new VsockAddress(header.destinationPort(), header.sourcePort());
        boolean forUs = header.type() == VsockHeader.TYPE_STREAM && header.destinationCid() == VsockConfig.HOST_CID;
        VsockConnection connection = forUs ? connections.find(address) : null;
        if (connection != null) {
            boolean goesOn = connection.receive(header, chain);
            if (goesOn) {
                connections.touched(connection);
            } else {
                connections.remove(connection);
            }
        } else if (header.op() == VsockHeader.OP_REQUEST && forUs) {
            connect(header, address);
        } else if (header.op() != VsockHeader.OP_RST) {
            refusals.add(Refusal.of(header));
        }
    }

    private void connect(VsockHeader header, VsockAddress address) {
        Optional<VsockStream> stream =
                connections.isFull() ? Optional.empty() : backend.connect(header.destinationPort());
        if (stream.isEmpty()) {
            refusals.add(Refusal.of(header));
            return;
        }
        VsockConnection connection = new VsockConnection(address, stream.get(), VsockConnection.Phase.OPEN);
        connections.add(connection);
        connection.learnCredit(header);
    }

    // ---- to the guest ----

    /** Sends what there is and fits into the guest's buffers, up to a limit. */
    private void send() {
        SplitQueue queue = receive;
        if (queue == null) {
            return;
        }
        for (int i = 0; i < Limits.PACKETS_PER_TURN; i++) {
            VsockConnection connection = refusals.isEmpty() ? connections.nextToSend() : null;
            if (refusals.isEmpty() && connection == null) {
                goOnTransmitting();
                return;
            }
            DescriptorChain chain = queue.next();
            if (chain == null) {
                if (connection != null) {
                    connections.touched(connection);
                }
                goOnTransmitting();
                return; // the driver notifies when it has brought buffers
            }
            VsockPacket.requireReceiveBuffer(chain);
            sendOne(queue, chain, connection);
        }
        goOnTransmitting();
        notifyLater(RECEIVE);
    }

    private void sendOne(SplitQueue queue, DescriptorChain chain, @Nullable VsockConnection connection) {
        long written;
        if (connection == null) {
            VsockPacket.write(chain, refusals.remove().header(config.cid()));
            written = VsockHeader.BYTES;
        } else {
            written = connection.send(chain, vector, config.cid());
        }
        if (written == 0) {
            queue.giveBack(1);
        } else {
            queue.complete(chain.head(), written);
            queue.publish();
            packetSeen();
        }
        if (connection != null) {
            if (connection.isOver() && written > 0) {
                connections.remove(connection);
            } else {
                connections.touched(connection);
            }
        }
    }

    /** Refusals have left: there is room for others. */
    private void goOnTransmitting() {
        if (transmitBlocked && refusals.size() < Limits.VSOCK_PENDING_RESETS) {
            transmitBlocked = false;
            notifyLater(TRANSMIT);
        }
    }

    private void tellReset() {
        SplitQueue queue = event;
        DescriptorChain chain = queue == null || !resetDue ? null : queue.next();
        if (queue == null || chain == null) {
            return;
        }
        if (chain.readableBytes() > 0 || chain.writableBytes() < EVENT_BYTES) {
            throw new GuestLieException("event buffer of " + chain.readableBytes() + " readable and "
                    + chain.writableBytes() + " writable bytes");
        }
        chain.write(0, MemorySegment.ofArray(new byte[] {EVENT_TRANSPORT_RESET, 0, 0, 0}));
        queue.complete(chain.head(), EVENT_BYTES);
        queue.publish();
        resetDue = false;
    }

    private void notifyLater(int queue) {
        if (control != null) {
            control.requestNotify(queue);
        }
    }

    private void packetSeen() {
        lastPacketNanos = nanoTime.getAsLong();
    }

    /** What the back end tells. */
    private final class FromHost implements VsockBackend.Listener {
        @Override
        public void connecting(VsockStream stream, int guestPort) {
            if (connections.isFull()) {
                stream.close();
                return;
            }
            VsockAddress address = new VsockAddress(connections.freeHostPort(guestPort), guestPort);
            connections.add(new VsockConnection(address, stream, VsockConnection.Phase.REQUESTED));
        }

        @Override
        public void ready(VsockStream stream, int epollEvents) {
            VsockConnection connection = connections.find(stream);
            if (connection != null) {
                connection.onReady(epollEvents);
                connections.touched(connection);
            }
        }
    }
}
