package cloud.ignition.e2e.traffic;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What comes out of the guest's end of the tap: the marks of its marked frames, and its announcements of itself. */
final class FrameWatch implements AutoCloseable {
    /** Prints every frame that comes in at an interface in hexadecimal; the JDK has no packet sockets. */
    private static final String CAPTURE = """
            $| = 1;
            my ($packet, $raw, $all, $outgoing) = (17, 3, 0x0003, 4);
            socket my $s, $packet, $raw, unpack("n", pack "S", $all) or die "socket: $!";
            my $interface = pack "a16 x24", $ARGV[0];
            ioctl $s, 0x8933, $interface or die "SIOCGIFINDEX $ARGV[0]: $!";
            bind $s, pack("S n l x12", $packet, $all, unpack "x16 l", $interface) or die "bind: $!";
            print "ready\\n";
            while (defined(my $from = recv $s, my $frame, 65536, 0)) {
                next if (unpack "S n l S C", $from)[4] == $outgoing;
                print unpack("H*", $frame), "\\n" }
            """;

    private static final Pattern MARK = Pattern.compile("<[a-z ]+>");

    /** ARP request for IPv4 over Ethernet, behind the two Ethernet addresses. */
    private static final String ARP_REQUEST = "08060001080006040001";

    private static final int SENDER_IP = 28;
    private static final int TARGET_IP = 38;
    private static final int IP_BYTES = 4;

    private final Process capture;
    private final String guest;
    private final List<String> marks = new CopyOnWriteArrayList<>();
    private final List<String> announcements = new CopyOnWriteArrayList<>();

    /**
     * Watches from now on.
     *
     * @param guest the guest's IPv4 address
     */
    FrameWatch(String device, byte[] guest) {
        this.guest = HexFormat.of().formatHex(guest);
        try {
            capture = new ProcessBuilder("perl", "-e", CAPTURE, device)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            BufferedReader lines = capture.inputReader(StandardCharsets.US_ASCII);
            if (!"ready".equals(lines.readLine())) {
                capture.destroy();
                throw new AssertionError("cannot watch " + device);
            }
            Thread.ofPlatform()
                    .daemon(true)
                    .name("frames")
                    .start(() -> lines.lines().forEach(this::seen));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** In their order. */
    List<String> marks() {
        return List.copyOf(marks);
    }

    /** ARP requests of the guest for its own address, which nobody needs to answer. */
    List<String> announcements() {
        return List.copyOf(announcements);
    }

    private void seen(String frame) {
        Matcher mark = MARK.matcher(new String(HexFormat.of().parseHex(frame), StandardCharsets.ISO_8859_1));
        if (mark.find()) {
            marks.add(mark.group());
        } else if (frame.startsWith(ARP_REQUEST, 2 * 12)
                && ip(frame, SENDER_IP).equals(guest)
                && ip(frame, TARGET_IP).equals(guest)) {
            announcements.add(frame);
        }
    }

    private static String ip(String frame, int offset) {
        return frame.substring(2 * offset, 2 * (offset + IP_BYTES));
    }

    @Override
    public void close() {
        capture.destroy();
    }
}
