package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.UnixSocket;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** A program on the host with a unix socket. */
final class HostPeer implements AutoCloseable {
    final UnixSocket socket;
    final ByteArrayOutputStream received = new ByteArrayOutputStream();
    boolean ended;
    private final MemorySegment buffer = Arena.ofAuto().allocate(1 << 16);

    HostPeer(UnixSocket socket) {
        this.socket = socket;
    }

    /** One that wants a port of the guest. */
    static HostPeer connect(String path, String greeting) {
        HostPeer peer = new HostPeer(UnixSocket.connect(path));
        byte[] bytes = greeting.getBytes(StandardCharsets.ISO_8859_1);
        peer.write(bytes, 0, bytes.length);
        return peer;
    }

    /** Writes what fits now; returns how much, or -errno. */
    int write(byte[] bytes, int offset, int length) {
        int n = (int) Math.min(buffer.byteSize(), Math.min(length, bytes.length - offset));
        MemorySegment.copy(bytes, offset, buffer, ValueLayout.JAVA_BYTE, 0, n);
        int count = (int) socket.fd().write(buffer.asSlice(0, n));
        return count == -Errno.EAGAIN ? 0 : count;
    }

    void write(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        if (write(bytes, 0, bytes.length) != bytes.length) {
            throw new AssertionError("not written: " + text);
        }
    }

    /** Reads what is there, at most so much; returns how much, or -errno of an error other than EAGAIN. */
    int read(int max) {
        int done = 0;
        while (done < max && !ended) {
            long count = socket.fd().read(buffer.asSlice(0, Math.min(buffer.byteSize(), max - done)));
            if (count == -Errno.EAGAIN) {
                return done;
            }
            if (count < 0) {
                return (int) count;
            }
            ended = count == 0;
            received.writeBytes(buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE));
            done += (int) count;
        }
        return done;
    }

    String text() {
        int result = read(1 << 20);
        if (result < 0) {
            throw new AssertionError("read: errno " + -result);
        }
        String all = received.toString(StandardCharsets.ISO_8859_1);
        received.reset();
        return all;
    }

    @Override
    public void close() {
        socket.close();
    }
}
