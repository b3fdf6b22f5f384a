package cloud.ignition.vmm.virtio.net;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.vmm.NetRate;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who a guest may be: frames go through the whole device, and come out at the wire or do not. */
class SourceGuardTest {
    private static final int TX = NetDevice.TRANSMIT;
    private static final int HEADER = NetDevice.HEADER_BYTES;
    private static final String MAC = "02490a580002";
    private static final String OTHER_MAC = "02490a580006";
    private static final String ETHERNET = "ffffffffffff" + MAC;
    private static final String IP_TAIL = "000102030405060708090a0b0c0d0e0f10111213";
    private static final String V6_OWN = "fd000000000000000000000000000002";
    private static final String V6_LINK_LOCAL = "fe800000000000000049" + "0afffe580002";
    private static final String V6_NONE = "0".repeat(32);
    private static final String V6_GROUP = "ff0200000000000000000001ff580002";
    private static final String V6_HOST = "fd000000000000000000000000000001";

    private final GuestMemory memory = TestRam.of(TestDriver.RAM_BYTES);
    private final MemoryBackend wire = new MemoryBackend(memory);
    private NetDevice device = new NetDevice(config(true), wire, () -> 0);
    private TestDriver driver = new TestDriver(device, memory);

    @BeforeEach
    void start() {
        driver.startAll();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = """
        own address,                       true,  true,  0800, 45000028 00000000 40060000 0a580002 08080808
        second address,                    true,  true,  0800, 45000028 00000000 40060000 0a580003 08080808
        address of the neighbour,           false, true,  0800, 45000028 00000000 40060000 0a580006 08080808
        address of the host,                false, true,  0800, 45000028 00000000 40060000 0a580001 08080808
        no address,                        false, true,  0800, 45000028 00000000 40110000 00000000 ffffffff
        loopback,                          false, true,  0800, 45000028 00000000 40110000 7f000001 0a580001
        IPv4 cut off,                      false, false, 0800, 45000028 00000000 40060000 0a5800
        IPv6 said to be IPv4,              false, false, 0800, 60000000 00001100 40060000 0a580002 08080808
        ARP request of its own,            true,  true,  0806, 0001080006040001 02490a580002 0a580002 000000000000 0a580001
        ARP reply of its own,              true,  true,  0806, 0001080006040002 02490a580002 0a580002 02490a580001 0a580001
        ARP probe,                         true,  true,  0806, 0001080006040001 02490a580002 00000000 000000000000 0a580002
        ARP for the neighbour,             false, true,  0806, 0001080006040002 02490a580002 0a580006 02490a580001 0a580001
        ARP of another station,         false, false, 0806, 0001080006040002 02490a580006 0a580002 02490a580001 0a580001
        ARP of another protocol,           false, false, 0806, 000186dd06100002 02490a580002 0a580002 02490a580001 0a580001
        ARP of another medium,             false, false, 0806, 0006080006040002 02490a580002 0a580002 02490a580001 0a580001
        ARP cut off,                       false, false, 0806, 0001080006040002 02490a580002 0a580002 02490a580001 0a5800
        RARP,                              false, true,  8035, 0001080006040003 02490a580002 0a580002 02490a580001 0a580001
        MPLS,                              false, true,  8847, 00001140 45000028 00000000 40060000 0a580006 08080808
        length instead of type (LLC),      false, true,  0026, aaaa03000000 0800 45000028 00000000 40060000 0a580006 08080808
        VLAN,                              false, false, 8100, 0001 0800 45000028 00000000 40060000 0a580002 08080808
        provider VLAN,                     false, false, 88a8, 0001 0800 45000028 00000000 40060000 0a580002 08080808
        old double VLAN,                   false, false, 9100, 0001 0800 45000028 00000000 40060000 0a580002 08080808
        """)
    void judgesFrames(String what, boolean withAddresses, boolean withoutAddresses, String type, String payload) {
        String frame = ETHERNET + type + payload.replace(" ", "");
        judge(withAddresses, frame);
        use(false);
        judge(withoutAddresses, frame);
    }

    @Test
    void judgesIpv6Sources() {
        judge(true, ipv6(V6_OWN, V6_HOST));
        judge(true, ipv6(V6_LINK_LOCAL, V6_HOST));
        judge(false, ipv6(V6_HOST, V6_OWN));
        judge(false, ipv6("fe800000000000000049" + "0afffe580006", V6_HOST));
        judge(false, ipv6("0".repeat(20) + "ffff0a580006", V6_HOST));
        judge(true, ipv6(V6_NONE, V6_GROUP)); // duplicate address detection
        judge(false, ipv6(V6_NONE, V6_HOST));
        judge(false, ipv6(V6_OWN, V6_HOST).substring(0, 2 * 53)); // cut off
        judge(false, ipv6(V6_OWN, V6_HOST).replace("86dd6", "86dd4"));
        use(false);
        judge(true, ipv6(V6_HOST, V6_OWN));
        judge(false, ipv6(V6_HOST, V6_OWN).substring(0, 2 * 53));
    }

    @Test
    void theEthernetSourceIsTheGuests() {
        String packet = "080045000028000000004006" + "0000" + "0a58000208080808" + IP_TAIL;
        for (boolean addresses : new boolean[] {true, false}) {
            use(addresses);
            judge(true, "02490a580001" + MAC + packet);
            judge(false, "02490a580001" + OTHER_MAC + packet);
            judge(false, "02490a580001" + "ffffffffffff" + packet);
            judge(false, "02490a580001" + "000000000000" + packet);
        }
        assertThat(device.activity().spoofed()).isEqualTo(3);
        assertThat(device.activity().dropped()).isZero();
        assertThat(device.activity().packetsOut()).isEqualTo(1);
        assertThat(driver.lies).isEmpty();
    }

    /** The host writes a checksum where the guest says; over an address it would be a forged one. */
    @Test
    void noChecksumIsWrittenIntoTheHeaders() {
        String packet = ETHERNET + "080045000028000000004006" + "0000" + "0a58000208080808" + IP_TAIL;
        String options = ETHERNET + "080046000028000000004006" + "0000" + "0a58000208080808" + IP_TAIL;
        for (boolean addresses : new boolean[] {true, false}) {
            use(addresses);
            judgeChecksum(true, packet, 34);
            judgeChecksum(true, packet, 40);
            judgeChecksum(false, packet, 33);
            judgeChecksum(false, packet, 26);
            judgeChecksum(false, packet, 6);
            judgeChecksum(false, packet, 0);
            judgeChecksum(false, options, 34);
            judgeChecksum(true, options, 38);
            judgeChecksum(true, ipv6(V6_OWN, V6_HOST), 54);
            judgeChecksum(false, ipv6(V6_OWN, V6_HOST), 53);
            judgeChecksum(
                    false, ETHERNET + "0806" + "0001080006040001" + MAC + "0a580002" + "000000000000" + "0a580001", 42);
        }
        judgeChecksum(true, ETHERNET + "88b5" + IP_TAIL, 14); // local experimental
        judgeChecksum(false, ETHERNET + "88b5" + IP_TAIL, 6);
    }

    /** The guest changes the frame between the check and the kernel's reading: what was checked goes out. */
    @Test
    void whatWasCheckedIsWhatGoesOut() {
        byte[] frame = frame(ETHERNET + "080045000028000000004006" + "0000" + "0a58000208080808" + IP_TAIL.repeat(4));
        long at = driver.place(frame);
        driver.queue(TX).add(readable(at, frame.length));
        wire.beforeWrite = () -> {
            memory.write(at + HEADER + 6, HexFormat.of().parseHex(OTHER_MAC));
            memory.write(at + HEADER + 26, new byte[] {10, 88, 0, 6});
            memory.setByte(at, (byte) 1);
        };
        driver.kick(TX);
        assertThat(wire.fromGuest).containsExactly(frame);
    }

    /** However the guest cuts a frame into pieces, it goes out whole, and is judged by its bytes. */
    @Test
    void piecesMakeNoDifference() {
        byte[] good = frame(ETHERNET + "080045000028000000004006" + "0000" + "0a58000208080808" + IP_TAIL.repeat(4));
        byte[] bad = good.clone();
        bad[HEADER + 29] = 6;
        for (int size = 1; size < good.length; size = size * 3 / 2 + 1) {
            for (byte[] frame : List.of(good, bad)) {
                long at = driver.place(frame);
                List<Buffer> pieces = new ArrayList<>();
                for (int from = 0; from < frame.length; from += size) {
                    pieces.add(readable(at + from, Math.min(size, frame.length - from)));
                }
                driver.queue(TX).add(pieces.toArray(Buffer[]::new));
                driver.kick(TX);
                assertThat(driver.queue(TX).takeUsed()).isNotNull();
                assertThat(sent()).isEqualTo(Arrays.equals(frame, good) ? List.of(hex(good)) : List.of());
                wire.fromGuest.clear();
            }
        }
    }

    private void judge(boolean expected, String hexFrame) {
        judge(expected, frame(hexFrame));
    }

    private void judgeChecksum(boolean expected, String hexFrame, int start) {
        byte[] frame = frame(hexFrame);
        frame[0] = FrameHead.F_NEEDS_CSUM;
        frame[6] = (byte) start;
        judge(expected, frame);
    }

    private void judge(boolean expected, byte[] frame) {
        driver.queue(TX).add(readable(driver.place(frame), frame.length));
        driver.kick(TX);
        assertThat(driver.queue(TX).takeUsed()).isNotNull();
        assertThat(sent()).isEqualTo(expected ? List.of(hex(frame)) : List.of());
        wire.fromGuest.clear();
    }

    private List<String> sent() {
        return wire.fromGuest.stream().map(SourceGuardTest::hex).toList();
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private void use(boolean addresses) {
        device = new NetDevice(config(addresses), wire, () -> 0);
        driver = new TestDriver(device, memory).startAll();
    }

    private static NetConfig config(boolean addresses) {
        List<InetAddress> own =
                addresses ? List.of(address("0a580002"), address("0a580003"), address(V6_OWN)) : List.of();
        return new NetConfig(MacAddress.of(HexFormat.of().parseHex(MAC)), own, NetRate.UNLIMITED, false);
    }

    private static InetAddress address(String hex) {
        try {
            return InetAddress.getByAddress(HexFormat.of().parseHex(hex));
        } catch (java.net.UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private static String ipv6(String source, String destination) {
        return ETHERNET + "86dd" + "60000000" + "0014" + "06" + "40" + source + destination + IP_TAIL;
    }

    private static byte[] frame(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        byte[] frame = Arrays.copyOf(new byte[HEADER], HEADER + bytes.length);
        System.arraycopy(bytes, 0, frame, HEADER, bytes.length);
        return frame;
    }
}
