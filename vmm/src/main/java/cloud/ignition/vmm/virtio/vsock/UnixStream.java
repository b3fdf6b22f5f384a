package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.UnixSocket;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** A {@link VsockStream} on a connected unix socket. */
final class UnixStream implements VsockStream {
    private final UnixSocket socket;
    private final Runnable onClose;
    private final OutBuffer buffer = new OutBuffer();
    private final IoVector vector;
    private boolean lingering;
    private boolean closed;

    /**
     * @param socket connected; belongs to the stream
     * @param vector for use during a call
     * @param onClose run once, when the socket is closed
     */
    UnixStream(UnixSocket socket, IoVector vector, Runnable onClose) {
        this.socket = socket;
        this.vector = vector;
        this.onClose = onClose;
    }

    /** Whether only the buffer is still to be sent. */
    boolean isLingering() {
        return lingering;
    }

    @Override
    public long read(IoVector into) {
        return socket.fd().readv(into.segment(), into.count());
    }

    @Override
    public int write(DescriptorChain chain, long offset, int length) {
        int done = 0;
        if (buffer.size() == 0) {
            vector.clear();
            chain.addReadable(vector, offset, length);
            long count = socket.fd().writev(vector.segment(), vector.count());
            if (count < 0 && count != -Errno.EAGAIN) {
                return (int) count;
            }
            done = (int) Math.max(count, 0);
        }
        if (done < length) {
            buffer.append(chain, offset + done, length - done);
        }
        return 0;
    }

    @Override
    public int buffered() {
        return buffer.size();
    }

    @Override
    public int flush() {
        while (buffer.size() > 0) {
            long count = socket.fd().write(buffer.content());
            if (count == -Errno.EAGAIN) {
                return 0;
            }
            if (count < 0) {
                buffer.clear();
                return (int) count;
            }
            buffer.remove(count);
        }
        return 0;
    }

    @Override
    public int accepted(int hostPort) {
        byte[] line = ("OK " + Integer.toUnsignedString(hostPort) + "\n").getBytes(StandardCharsets.US_ASCII);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(line.length);
            bytes.copyFrom(MemorySegment.ofArray(line));
            long count = socket.fd().write(bytes);
            return count == line.length ? 0 : -Errno.EPIPE; // the first bytes for the peer: there is room for them
        }
    }

    @Override
    public void endWrites() {
        socket.shutdownWrite();
    }

    @Override
    public void endReads() {
        socket.shutdownRead();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            buffer.clear();
            socket.close();
            onClose.run();
        }
    }

    @Override
    public void closeWhenFlushed() {
        lingering = true;
        socket.shutdownRead();
        linger();
    }

    /** Sends what the peer takes now; closes when that is all. */
    void linger() {
        if (flush() < 0 || buffer.size() == 0) {
            close();
        }
    }
}
