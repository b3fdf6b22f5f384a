package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Sets up network interfaces of this host as {@code ip} does, see rtnetlink(7), without a process. Each method waits for the kernel's
 * answer, which is there when the request has been sent. For one thread at a time.
 */
public final class RouteSocket implements AutoCloseable {
    static final int AF_NETLINK = 16;
    static final int AF_INET = 2;
    static final int SOCK_RAW = 3;
    static final int NETLINK_ROUTE = 0;
    static final long SIOCGIFINDEX = 0x8933;

    static final int NLM_F_REQUEST = 0x1;
    static final int NLM_F_ACK = 0x4;
    static final int NLM_F_REPLACE = 0x100;
    static final int NLM_F_CREATE = 0x400;
    static final int NLMSG_ERROR = 2;
    static final int RTM_NEWLINK = 16;
    static final int RTM_NEWADDR = 20;
    static final int RTM_NEWNEIGH = 28;

    static final int IFF_UP = 0x1;
    static final int IFF_MULTICAST = 0x1000;
    static final int IFLA_ADDRESS = 1;
    static final int IFLA_TXQLEN = 13;
    static final int IFA_ADDRESS = 1;
    static final int IFA_LOCAL = 2;
    static final int NDA_DST = 1;
    static final int NDA_LLADDR = 2;
    static final int NUD_PERMANENT = 0x80;

    /** Longest message: header, the largest of the structs behind it, two attributes of eight bytes at most. */
    private static final int MESSAGE_BYTES = 128;

    private static final int ATTRIBUTE_HEADER_BYTES = 4;
    private static final ValueLayout.OfInt NETWORK_ORDER = JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN);
    private static final long HEADER_BYTES = Structs.NLMSGHDR.byteSize();
    private static final long LENGTH = Structs.offset(Structs.NLMSGHDR, "nlmsg_len");
    private static final long TYPE = Structs.offset(Structs.NLMSGHDR, "nlmsg_type");
    private static final long FLAGS = Structs.offset(Structs.NLMSGHDR, "nlmsg_flags");
    /** The flags' place, a union that holds the index as an int. */
    private static final long IFR_IFINDEX = Structs.offset(Structs.IFREQ, "ifr_flags");

    private final Fd fd;

    private RouteSocket(Fd fd) {
        this.fd = fd;
    }

    /**
     * Opens one.
     *
     * @throws LinuxException when the host has no room for it
     */
    public static RouteSocket open() {
        int number = LibC.socket(AF_NETLINK, SOCK_RAW | UnixSocket.SOCK_CLOEXEC, NETLINK_ROUTE);
        return new RouteSocket(Fd.adopt(LinuxException.check(number, "socket AF_NETLINK"), "rtnetlink"));
    }

    /**
     * The number of an interface.
     *
     * @throws LinuxException ENODEV when there is none of this name
     */
    public int indexOf(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = Tap.ifreq(arena, name);
            LinuxException.check(fd.ioctl(SIOCGIFINDEX, ifreq), "SIOCGIFINDEX " + name);
            return ifreq.get(JAVA_INT, IFR_IFINDEX);
        }
    }

    /**
     * {@code ip address replace ADDRESS/PREFIX dev …}.
     *
     * @param index of the interface
     * @param address IPv4, big-endian as an int
     * @throws LinuxException EPERM without CAP_NET_ADMIN
     */
    public void putAddress(int index, int address, int prefix) {
        try (Arena arena = Arena.ofConfined()) {
            Message message = new Message(arena, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, Structs.IFADDRMSG);
            message.set("ifa_family", (byte) AF_INET);
            message.set("ifa_prefixlen", (byte) prefix);
            message.set("ifa_index", index);
            message.attribute(IFA_LOCAL, Integer.BYTES).set(NETWORK_ORDER, 0, address);
            message.attribute(IFA_ADDRESS, Integer.BYTES).set(NETWORK_ORDER, 0, address);
            ask(message, "RTM_NEWADDR");
        }
    }

    /**
     * {@code ip link set dev … up address MAC txqueuelen N multicast off}. The flag is off before the interface is up.
     *
     * @param mac six bytes
     * @param queueLength packets that wait for the interface at most
     * @throws LinuxException EPERM without CAP_NET_ADMIN
     */
    public void bringUp(int index, byte[] mac, int queueLength) {
        try (Arena arena = Arena.ofConfined()) {
            Message message = new Message(arena, RTM_NEWLINK, 0, Structs.IFINFOMSG);
            message.set("ifi_index", index);
            message.set("ifi_flags", IFF_UP);
            message.set("ifi_change", IFF_UP | IFF_MULTICAST);
            message.attribute(IFLA_ADDRESS, mac.length).copyFrom(MemorySegment.ofArray(mac));
            message.attribute(IFLA_TXQLEN, Integer.BYTES).set(JAVA_INT, 0, queueLength);
            ask(message, "RTM_NEWLINK");
        }
    }

    /**
     * {@code ip neighbour replace ADDRESS lladdr MAC dev … nud permanent}.
     *
     * @param address IPv4, big-endian as an int
     * @throws LinuxException EPERM without CAP_NET_ADMIN, ENETDOWN when the interface is not up
     */
    public void putNeighbour(int index, int address, byte[] mac) {
        try (Arena arena = Arena.ofConfined()) {
            Message message = new Message(arena, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, Structs.NDMSG);
            message.set("ndm_family", (byte) AF_INET);
            message.set("ndm_ifindex", index);
            message.set("ndm_state", (short) NUD_PERMANENT);
            message.attribute(NDA_DST, Integer.BYTES).set(NETWORK_ORDER, 0, address);
            message.attribute(NDA_LLADDR, mac.length).copyFrom(MemorySegment.ofArray(mac));
            ask(message, "RTM_NEWNEIGH");
        }
    }

    /** Sends a request and reads its acknowledgement: a header, and the error's number, negative or 0. */
    private void ask(Message message, String call) {
        LinuxException.check((int) fd.write(message.sent()), call);
        MemorySegment answer = message.whole;
        long read = LinuxException.check((int) fd.read(answer), call);
        if (read < HEADER_BYTES + Integer.BYTES || answer.get(JAVA_SHORT, TYPE) != NLMSG_ERROR) {
            throw new LinuxException(call + ", an answer that is none", Errno.EIO);
        }
        LinuxException.check(answer.get(JAVA_INT, HEADER_BYTES), call);
    }

    @Override
    public void close() {
        fd.close();
    }

    /** A request that is being put together: header, struct, attributes. */
    private static final class Message {
        private final MemorySegment whole;
        private final StructLayout body;
        private long end;

        Message(Arena arena, int type, int flags, StructLayout body) {
            whole = arena.allocate(MESSAGE_BYTES, Integer.BYTES);
            whole.set(JAVA_SHORT, TYPE, (short) type);
            whole.set(JAVA_SHORT, FLAGS, (short) (NLM_F_REQUEST | NLM_F_ACK | flags));
            this.body = body;
            end = HEADER_BYTES + body.byteSize();
        }

        private long place(String member) {
            return HEADER_BYTES + Structs.offset(body, member);
        }

        void set(String member, byte value) {
            whole.set(JAVA_BYTE, place(member), value);
        }

        void set(String member, short value) {
            whole.set(JAVA_SHORT, place(member), value);
        }

        void set(String member, int value) {
            whole.set(JAVA_INT, place(member), value);
        }

        /** Room for an attribute's value; each begins at a multiple of four bytes. */
        MemorySegment attribute(int type, int bytes) {
            whole.set(JAVA_SHORT, end, (short) (ATTRIBUTE_HEADER_BYTES + bytes));
            whole.set(JAVA_SHORT, end + Short.BYTES, (short) type);
            MemorySegment value = whole.asSlice(end + ATTRIBUTE_HEADER_BYTES, bytes);
            end += ATTRIBUTE_HEADER_BYTES + (bytes + 3 & ~3);
            return value;
        }

        MemorySegment sent() {
            whole.set(JAVA_INT, LENGTH, (int) end);
            return whole.asSlice(0, end);
        }
    }
}
