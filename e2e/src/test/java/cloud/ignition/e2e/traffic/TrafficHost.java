package cloud.ignition.e2e.traffic;

import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.Attachments;
import cloud.ignition.vmm.NetRate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The host's side of the guest's network: one tap in this process's network namespace, which should be its own. */
final class TrafficHost implements AutoCloseable {
    /** The guest's address; its first process finds it in a kernel parameter. */
    static final String GUEST = "10.77.0.2";

    private static final String HOST = "10.77.0.1/30";
    static final String NAME = "traffic0";
    private static final byte[] MAC = {0x02, 0x49, 10, 77, 0, 2};
    private static final String MAC_TEXT = "02:49:0a:4d:00:02";
    private static final int HTTP_PORT = 80;

    /** Where the guest listens last, behind which it is saved for the first time. */
    static final int STREAM_PORT = 7000;

    private final Tap tap;

    TrafficHost() {
        tap = Tap.open(NAME, false);
        try {
            ip("address", "add", HOST, "dev", NAME);
            ip("link", "set", NAME, "up");
            // A sleeping guest answers no ARP request.
            ip("neighbour", "replace", GUEST, "lladdr", MAC_TEXT, "dev", NAME, "nud", "permanent");
        } catch (RuntimeException e) {
            tap.close();
            throw e;
        }
    }

    Attachments.Net net() {
        return new Attachments.Net(tap, MAC, List.of(), NetRate.UNLIMITED, false, Boolean.getBoolean("ignition.vhost"));
    }

    /** Of a guest that may send from its own address only. */
    Attachments.Net guardedNet(boolean announce) {
        try {
            return new Attachments.Net(tap, MAC, List.of(InetAddress.getByName(GUEST)), NetRate.UNLIMITED, announce);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    InetSocketAddress http() {
        return new InetSocketAddress(GUEST, HTTP_PORT);
    }

    InetSocketAddress streams() {
        return new InetSocketAddress(GUEST, STREAM_PORT);
    }

    /** Runs iproute2's command, which must succeed. */
    private static void ip(String... arguments) {
        run("ip", arguments);
    }

    /** Runs a command, which must succeed, and gives what it wrote. */
    static String run(String command, String... arguments) {
        try {
            Process process = new ProcessBuilder(command(command, arguments))
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new AssertionError(command + " " + List.of(arguments) + ": " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static List<String> command(String command, String... arguments) {
        List<String> all = new java.util.ArrayList<>(List.of(command));
        all.addAll(List.of(arguments));
        return all;
    }

    @Override
    public void close() {
        tap.close();
    }
}
