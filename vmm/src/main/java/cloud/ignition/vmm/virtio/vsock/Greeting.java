package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.UnixSocket;
import cloud.ignition.vmm.virtio.Limits;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A peer on the host that has connected and now says to which port of the guest: {@code CONNECT port} and a line feed. What
 * comes behind the line is for the guest, so no byte too many is read.
 */
final class Greeting {
    private static final Pattern LINE = Pattern.compile("CONNECT (\\d{1,10})");

    /** §5.10: VMADDR_PORT_ANY is nobody's port. */
    private static final long MAX_PORT = 0xffff_fffeL;

    private final UnixSocket socket;
    private final StringBuilder line = new StringBuilder();
    private boolean failed;

    Greeting(UnixSocket socket) {
        this.socket = socket;
    }

    UnixSocket socket() {
        return socket;
    }

    /** Whether the peer has gone, or has said something else. */
    boolean failed() {
        return failed;
    }

    /** Reads on; the port when the line is there. */
    OptionalLong read() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment octet = arena.allocate(1);
            while (line.length() < Limits.VSOCK_GREETING_BYTES) {
                long count = socket.fd().read(octet);
                if (count == -Errno.EAGAIN) {
                    return OptionalLong.empty();
                }
                if (count <= 0) {
                    break;
                }
                byte value = octet.get(ValueLayout.JAVA_BYTE, 0);
                if (value == '\n') {
                    return port();
                }
                line.append(new String(new byte[] {value}, StandardCharsets.ISO_8859_1));
            }
        }
        failed = true;
        return OptionalLong.empty();
    }

    private OptionalLong port() {
        Matcher matcher = LINE.matcher(line);
        if (matcher.matches()) {
            long port = Long.parseLong(matcher.group(1));
            if (port <= MAX_PORT) {
                return OptionalLong.of(port);
            }
        }
        failed = true;
        return OptionalLong.empty();
    }
}
