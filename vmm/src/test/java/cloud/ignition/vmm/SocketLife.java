package cloud.ignition.vmm;

import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.UnixSocket;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.vsock.VsockBackend;
import cloud.ignition.vmm.virtio.vsock.VsockStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Connections through a {@link VsockHub} without a guest: one each way, a peer that goes before it has said what it wants, and one
 * that still waits when the hub is closed.
 */
final class SocketLife {
    private static final int HOST_PORT = 7;
    private static final int POLLS = 4;

    private SocketLife() {}

    static void live(VsockHub hub) {
        String path = hub.path().toString();
        Path service = Path.of(path + "_" + HOST_PORT);
        VsockBackend backend = hub.backend();
        Guest guest = new Guest();
        try (UnixSocket listening = UnixSocket.listen(service.toString(), 1);
                UnixSocket peer = UnixSocket.connect(path);
                UnixSocket silent = UnixSocket.connect(path)) {
            say(peer, "CONNECT 80\nhello");
            silent.shutdownWrite();
            for (int i = 0; i < POLLS; i++) {
                backend.poll(guest);
            }
            backend.connect(HOST_PORT).ifPresent(guest.streams::add);
            listening.accept().ifPresent(UnixSocket::close);
            guest.use();
            try (UnixSocket late = UnixSocket.connect(path)) {
                say(late, "CONN");
                for (int i = 0; i < POLLS; i++) {
                    backend.poll(guest);
                }
                hub.close();
            }
        } finally {
            delete(service);
        }
    }

    private static void say(UnixSocket socket, String text) {
        try (Arena arena = Arena.ofConfined()) {
            long count = socket.fd().write(arena.allocateFrom(text).asSlice(0, text.length()));
            if (count < 0) {
                throw new LinuxException("write", (int) -count);
            }
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** In the place of the guest's device. */
    private static final class Guest implements VsockBackend.Listener {
        private final List<VsockStream> streams = new ArrayList<>();

        @Override
        public void connecting(VsockStream stream, int guestPort) {
            streams.add(stream);
            stream.accepted(guestPort);
        }

        @Override
        public void ready(VsockStream stream, int epollEvents) {}

        void use() {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment buffer = arena.allocate(ValueLayout.JAVA_LONG);
                IoVector into = new IoVector(1);
                into.add(buffer.address(), buffer.byteSize());
                streams.forEach(stream -> stream.read(into));
            }
            streams.forEach(VsockStream::endWrites);
            streams.forEach(VsockStream::endReads);
            streams.forEach(VsockStream::closeWhenFlushed);
        }
    }
}
