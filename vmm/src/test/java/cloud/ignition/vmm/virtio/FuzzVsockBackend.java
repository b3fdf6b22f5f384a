package cloud.ignition.vmm.virtio;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.vsock.VsockBackend;
import cloud.ignition.vmm.virtio.vsock.VsockStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Peers that do anything at any time, and insist that the device keeps to its limits and never touches a closed stream. */
final class FuzzVsockBackend implements VsockBackend {
    private final FuzzHost host;
    private final Random random;
    private final List<FuzzStream> streams = new ArrayList<>();

    FuzzVsockBackend(FuzzHost host) {
        this.host = host;
        this.random = host.random();
    }

    @Override
    public Optional<Fd> fd() {
        return Optional.empty();
    }

    @Override
    public void poll(Listener listener) {
        for (int i = random.nextInt(4); i > 0; i--) {
            if (random.nextInt(4) == 0) {
                listener.connecting(stream(), random.nextInt(8));
            } else if (!streams.isEmpty()) {
                listener.ready(
                        streams.get(random.nextInt(streams.size())),
                        Epoll.IN | Epoll.OUT | (random.nextInt(8) == 0 ? Epoll.HUP : 0));
            }
        }
    }

    @Override
    public Optional<VsockStream> connect(int hostPort) {
        return hostPort == 0 ? Optional.empty() : Optional.of(stream());
    }

    private VsockStream stream() {
        FuzzStream stream = new FuzzStream();
        streams.add(stream);
        if (streams.size() > Limits.VSOCK_CONNECTIONS + 1) {
            throw new AssertionError(streams.size() + " streams");
        }
        return stream;
    }

    @Override
    public long suspend(List<VsockStream> all) {
        if (!List.copyOf(streams).containsAll(all)) {
            throw new AssertionError("a closed stream is saved");
        }
        return 0;
    }

    @Override
    public void running() {}

    @Override
    public Optional<List<VsockStream>> takeOver(long token) {
        return Optional.empty();
    }

    @Override
    public void detach() {
        streams.clear();
    }

    private final class FuzzStream implements VsockStream {
        private int buffered;

        private void requireOpen() {
            if (!streams.contains(this)) {
                throw new AssertionError("a closed stream is used");
            }
        }

        @Override
        public long read(IoVector into) {
            requireOpen();
            host.meanwhile(into);
            return switch (random.nextInt(10)) {
                case 0 -> 0;
                case 1 -> -Errno.ECONNRESET;
                case 2, 3, 4, 5 -> -Errno.EAGAIN;
                default -> 1 + random.nextInt((int) into.totalBytes());
            };
        }

        @Override
        public int write(DescriptorChain chain, long offset, int length) {
            requireOpen();
            if (offset + length > chain.readableBytes()) {
                throw new AssertionError("behind the packet's end");
            }
            if (random.nextInt(20) == 0) {
                buffered = 0;
                return -Errno.EPIPE;
            }
            buffered += random.nextInt(length + 1);
            if (buffered > Limits.VSOCK_BUFFER_BYTES) {
                throw new AssertionError(buffered + " bytes buffered");
            }
            return 0;
        }

        @Override
        public int buffered() {
            return buffered;
        }

        @Override
        public int flush() {
            requireOpen();
            buffered = random.nextInt(buffered + 1);
            return 0;
        }

        @Override
        public int accepted(int hostPort) {
            requireOpen();
            return random.nextInt(10) == 0 ? -Errno.EPIPE : 0;
        }

        @Override
        public void endWrites() {
            requireOpen();
            if (buffered > 0) {
                throw new AssertionError("the end before the bytes");
            }
        }

        @Override
        public void endReads() {
            requireOpen();
        }

        @Override
        public void close() {
            streams.remove(this);
        }

        @Override
        public void closeWhenFlushed() {
            requireOpen();
            streams.remove(this);
        }
    }
}
