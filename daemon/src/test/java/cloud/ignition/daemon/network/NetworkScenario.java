package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.Ipv4;
import cloud.ignition.daemon.app.PortMapping;
import cloud.ignition.linux.Fd;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@link HostNetworkTest} plays, each in a network namespace that is thrown away. The test is the guest. */
final class NetworkScenario {
    private static final int VNET_HEADER = 10;
    private static final int ETHERNET = 14;
    private static final int IP_SOURCE = 12;
    private static final int IP_DESTINATION = 16;

    private final AddressPool pool = AddressPool.parse("10.88.0.0/16");
    private final AppAddress address = pool.address(0);

    private NetworkScenario() {}

    public static void main(String[] args) throws Exception {
        NetworkScenario scenario = new NetworkScenario();
        switch (args[0]) {
            case "wake" -> scenario.wake();
            case "replace" -> scenario.replace();
            case "adopt" -> scenario.adopt();
            case "hold" -> scenario.hold();
            case "guard" -> scenario.guard();
            default -> throw new IllegalArgumentException(args[0]);
        }
        System.out.println(args[0] + ": ok");
    }

    private void wake() throws Exception {
        try (HostNetwork network = new HostNetwork(pool, true)) {
            Link link = network.attach(address, List.of(PortMapping.parse("5353:53/udp")));
            Semaphore woken = new Semaphore(0);
            link.watch(woken::release);
            // Noise of the host: broadcast and multicast on the link, and silence.
            try (DatagramChannel noise = DatagramChannel.open()) {
                noise.setOption(java.net.StandardSocketOptions.SO_BROADCAST, true);
                trySend(noise, "10.88.0.3", 138);
            }
            check(!woken.tryAcquire(2, TimeUnit.SECONDS), "the host's own noise woke the sleeper");
            try (DatagramChannel client = DatagramChannel.open()) {
                client.connect(new InetSocketAddress(Ipv4.parse("127.0.0.1"), 5353));
                client.write(ByteBuffer.wrap("hello".getBytes(StandardCharsets.US_ASCII)));
                check(woken.tryAcquire(5, TimeUnit.SECONDS), "a packet to the published port did not wake");
                byte[] packet = receive(link);
                check(ip(packet, IP_DESTINATION).equals("10.88.0.2"), "not addressed to the guest");
                check(ip(packet, IP_SOURCE).equals("10.88.0.1"), "a loopback source was not masqueraded");
                check(udpPort(packet, 2) == 53, "not for the guest's port");
                reply(link, packet);
                ByteBuffer answer = ByteBuffer.allocate(100);
                client.read(answer);
                check(
                        new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII).equals("hello"),
                        "the answer is another one");
            }
            check(woken.availablePermits() == 0, "a watch fires once");
            link.remove();
            check(!Files.exists(Path.of("/sys/class/net/ign0")), "the tap is still there");
        }
    }

    private void replace() throws Exception {
        try (HostNetwork network = new HostNetwork(pool, true)) {
            Link link = network.attach(address, List.of(PortMapping.parse("5353:53/udp")));
            try (DatagramChannel client = DatagramChannel.open()) {
                client.connect(new InetSocketAddress(Ipv4.parse("127.0.0.1"), 5353));
                for (int round = 0; round < 5; round++) {
                    byte[] sent = ("round " + round).getBytes(StandardCharsets.US_ASCII);
                    client.write(ByteBuffer.wrap(sent));
                    reply(link, receive(link));
                    ByteBuffer answer = ByteBuffer.allocate(100);
                    client.read(answer);
                    check(answer.position() == sent.length, "round " + round + " was not answered");
                    // Another app comes, which replaces the table as a whole.
                    network.attach(pool.address(round + 1), List.of(PortMapping.parse(9000 + round + ":80")));
                }
                // Even without its port: what is open stays open.
                network.withdraw("web", address);
                client.write(ByteBuffer.wrap("last".getBytes(StandardCharsets.US_ASCII)));
                check(ip(receive(link), IP_DESTINATION).equals("10.88.0.2"), "the open flow was cut");
            }
            for (int i = 1; i <= 5; i++) {
                network.withdraw("other", pool.address(i));
            }
            check(!HostTool.NFT.run("", List.of("list", "tables")).contains("ignition"), "the table is still there");
        }
    }

    private void adopt() throws Exception {
        try (HostNetwork first = new HostNetwork(pool, true)) {
            first.attach(address, List.of(PortMapping.parse("5353:53/udp"))).close();
            first.attach(pool.address(1), List.of()).close();
        }
        HostTool.IP.run("", List.of("tuntap", "add", "dev", "ign9", "mode", "tap"));
        HostTool.IP.run("", List.of("tuntap", "add", "dev", "ign8", "mode", "tap"));
        HostTool.IP.run("", List.of("address", "add", "192.168.7.1/30", "dev", "ign8"));
        try (HostNetwork second = new HostNetwork(pool, true)) {
            List<String> reaped = second.reapOrphans(Set.of(address));
            check(Set.copyOf(reaped).equals(Set.of("ign1", "ign9")), "reaped " + reaped);
            check(Files.exists(Path.of("/sys/class/net/ign8")), "a stranger's tap was reaped");
            Link link = second.attach(address, List.of(PortMapping.parse("5353:53/udp")));
            CountDownLatch woken = new CountDownLatch(1);
            link.watch(woken::countDown);
            try (DatagramChannel client = DatagramChannel.open()) {
                client.connect(new InetSocketAddress(Ipv4.parse("127.0.0.1"), 5353));
                client.write(ByteBuffer.wrap(new byte[1]));
                check(woken.await(5, TimeUnit.SECONDS), "the adopted tap does not wake");
            }
            check(second.reapOrphans(Set.of()).isEmpty(), "a tap in use was reaped");
        }
    }

    private void hold() throws Exception {
        try (HostNetwork network = new HostNetwork(pool, true)) {
            Link link = network.attach(address, List.of(PortMapping.parse("5353:53/udp")));
            CountDownLatch woken = new CountDownLatch(1);
            try (DatagramChannel client = DatagramChannel.open()) {
                client.connect(new InetSocketAddress(Ipv4.parse("127.0.0.1"), 5353));
                client.write(ByteBuffer.wrap("first".getBytes(StandardCharsets.US_ASCII)));
                network.holdBack(address, true);
                link.discardQueued();
                link.watch(woken::countDown);
                trySend(client);
                check(!woken.await(300, TimeUnit.MILLISECONDS), "a held-back packet came through");
                network.holdBack(address, false);
                client.write(ByteBuffer.wrap("third".getBytes(StandardCharsets.US_ASCII)));
                check(woken.await(5, TimeUnit.SECONDS), "nothing comes through after the hold");
                byte[] packet = receive(link);
                check(
                        new String(packet, VNET_HEADER + ETHERNET + 28, 5, StandardCharsets.US_ASCII).equals("third"),
                        "another packet was queued");
            }
        }
    }

    /** What a guest sends as somebody else is gone before anything of the host looks at it. */
    private void guard() throws Exception {
        AppAddress other = pool.address(1);
        byte[] mac = address.guestMac();
        byte[] host = address.hostMacBytes();
        try (HostNetwork network = new HostNetwork(pool, true);
                DatagramSocket server = new DatagramSocket(null)) {
            Link link = network.attach(address, List.of());
            Link second = network.attach(other, List.of());
            check(link.guarded() && second.guarded(), "links are not guarded");
            server.bind(new InetSocketAddress(Ipv4.parse(address.hostAddress()), 7777));
            server.setSoTimeout(5000);
            byte[] own = Frames.udp(host, mac, address.guest(), address.host(), "own");
            send(link, own);
            check(heard(server).equals("own"), "what the guest sends as itself did not come through");
            List<byte[]> harmless = List.of(
                    Frames.arp(mac, mac, address.guest()),
                    Frames.arp(mac, mac, 0),
                    Frames.ipv6(mac, "fe80:0:0:0:49:aff:fe58:2", "fe80:0:0:0:0:0:0:1"),
                    Frames.ipv6(mac, "0:0:0:0:0:0:0:0", "ff02:0:0:0:0:0:0:16"));
            for (byte[] frame : harmless) {
                send(link, frame);
            }
            check(dropped() == 0, "dropped " + dropped() + " frames that a guest may send");
            List<byte[]> spoofed = List.of(
                    Frames.udp(host, other.guestMac(), address.guest(), address.host(), "mac"),
                    Frames.udp(host, mac, other.guest(), address.host(), "address"),
                    Frames.tagged(0x8100, own),
                    Frames.tagged(0x88a8, own),
                    Frames.arp(mac, mac, other.guest()),
                    Frames.arp(mac, other.guestMac(), address.guest()),
                    Frames.ofType(0x88b5, own),
                    Frames.ofType(0x86dd, own),
                    Frames.ipv6(mac, "fe80:0:0:0:49:aff:fe58:6", "ff02:0:0:0:0:0:0:16"),
                    Frames.ipv6(mac, "0:0:0:0:0:0:0:0", "fe80:0:0:0:0:0:0:1"));
            for (byte[] frame : spoofed) {
                send(link, frame);
            }
            check(dropped() == spoofed.size(), "dropped " + dropped() + " frames of " + spoofed.size());
            send(second, own);
            check(dropped() == spoofed.size() + 1, "an app may send as another one");
            send(link, Frames.udp(host, mac, address.guest(), address.host(), "last"));
            check(heard(server).equals("last"), "something came through");
            network.withdraw("other", other);
            check(link.guarded() && !second.guarded(), "the guard is not of who is there");
            link.close();
        }
        try (HostNetwork next = new HostNetwork(pool, false)) {
            List<String> _ = next.reapOrphans(Set.of(address));
            check(
                    !HostTool.NFT.run("", List.of("list", "tables")).contains("netdev"),
                    "the guard of before is still there");
            check(!next.attach(address, List.of()).guarded(), "guarded by nobody");
        }
    }

    /** Frames that the guard dropped so far. */
    private static long dropped() {
        Matcher counters = Pattern.compile("counter packets (\\d+)")
                .matcher(HostTool.NFT.run("", List.of("list", "table", "netdev", "ignition")));
        long sum = 0;
        while (counters.find()) {
            sum += Long.parseLong(counters.group(1));
        }
        return sum;
    }

    private static String heard(DatagramSocket server) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        server.receive(packet);
        return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII);
    }

    private static void send(Link link, byte[] frame) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(VNET_HEADER + frame.length);
            MemorySegment.copy(frame, 0, bytes, ValueLayout.JAVA_BYTE, VNET_HEADER, frame.length);
            check(link.tap().fd().write(bytes) == bytes.byteSize(), "a frame was not taken");
        }
    }

    private static void trySend(DatagramChannel channel) {
        try {
            channel.write(ByteBuffer.wrap("second".getBytes(StandardCharsets.US_ASCII)));
        } catch (IOException e) {
            // A drop in the output hook is told to the sender as EPERM: that is the hold at work.
            System.out.println("held back: " + e.getMessage());
        }
    }

    private static void trySend(DatagramChannel channel, String to, int port) {
        try {
            channel.send(ByteBuffer.wrap(new byte[1]), new InetSocketAddress(Ipv4.parse(to), port));
        } catch (IOException e) {
            System.out.println("dropped at the source: " + e.getMessage());
        }
    }

    /** The next frame that the host sent to the guest, with the header before it. */
    private static byte[] receive(Link link) throws InterruptedException {
        CountDownLatch readable = new CountDownLatch(1);
        link.watch(readable::countDown);
        check(readable.await(5, TimeUnit.SECONDS), "no packet came");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment frame = arena.allocate(65600);
            Fd fd = link.tap().fd();
            long length = fd.read(frame);
            check(length > VNET_HEADER + ETHERNET + 20, "short frame: " + length);
            return frame.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Sends a UDP packet back to where it came from. Swapping both ends of addresses and ports keeps the checksums right. */
    private static void reply(Link link, byte[] packet) {
        byte[] answer = packet.clone();
        java.util.Arrays.fill(answer, 0, VNET_HEADER, (byte) 0);
        swap(answer, packet, VNET_HEADER, VNET_HEADER + 6, 6);
        int ip = VNET_HEADER + ETHERNET;
        swap(answer, packet, ip + IP_SOURCE, ip + IP_DESTINATION, 4);
        swap(answer, packet, ip + 20, ip + 22, 2);
        answer[ip + 26] = 0; // no UDP checksum: the host left it to the hardware, which we are
        answer[ip + 27] = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment frame = arena.allocateFrom(ValueLayout.JAVA_BYTE, answer);
            check(link.tap().fd().write(frame) == answer.length, "the answer was not taken");
        }
    }

    private static void swap(byte[] to, byte[] from, int one, int other, int length) {
        System.arraycopy(from, one, to, other, length);
        System.arraycopy(from, other, to, one, length);
    }

    private static String ip(byte[] packet, int offset) {
        return AppAddress.dotted(ByteBuffer.wrap(packet).getInt(VNET_HEADER + ETHERNET + offset));
    }

    private static int udpPort(byte[] packet, int offset) {
        return ByteBuffer.wrap(packet).getShort(VNET_HEADER + ETHERNET + 20 + offset) & 0xffff;
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
