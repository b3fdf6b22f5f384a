package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * A tap network interface, see the kernel's {@code Documentation/networking/tuntap.rst}: each read takes one Ethernet frame that the
 * host sends through the interface, each write lets the host receive one. Every frame starts with a {@code struct virtio_net_hdr}.
 * Nonblocking.
 */
public final class Tap implements AutoCloseable {
    /** Longest name of an interface, {@code IFNAMSIZ} without the terminating NUL. */
    public static final int MAX_NAME_LENGTH = 15;

    public static final int TUN_F_CSUM = 0x01;
    public static final int TUN_F_TSO4 = 0x02;
    public static final int TUN_F_TSO6 = 0x04;
    public static final int TUN_F_TSO_ECN = 0x08;
    public static final int TUN_F_UFO = 0x10;

    static final int IFF_TAP = 0x0002;
    static final int IFF_NO_PI = 0x1000;
    static final int IFF_VNET_HDR = 0x4000;

    static final long TUNSETIFF = Ioctl.iow('T', 202, JAVA_INT);
    static final long TUNSETPERSIST = Ioctl.iow('T', 203, JAVA_INT);
    static final long TUNSETOFFLOAD = Ioctl.iow('T', 208, JAVA_INT);
    static final long TUNSETVNETHDRSZ = Ioctl.iow('T', 216, JAVA_INT);

    private static final String DEVICE = "/dev/net/tun";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0," + (MAX_NAME_LENGTH - 1) + "}");
    private static final long IFR_NAME = Structs.offset(Structs.IFREQ, "ifr_name");
    private static final long IFR_FLAGS = Structs.offset(Structs.IFREQ, "ifr_flags");

    private final Fd fd;
    private final String name;

    private Tap(Fd fd, String name) {
        this.fd = fd;
        this.name = name;
    }

    /**
     * Creates the interface, or attaches to an existing one that nobody has open.
     *
     * @param name of the interface, see {@link #isValidName}
     * @param persistent whether the interface stays when this is closed
     * @throws LinuxException EBUSY when another process has it open, EPERM without CAP_NET_ADMIN
     */
    public static Tap open(String name, boolean persistent) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = ifreq(arena, name);
            ifreq.set(JAVA_SHORT, IFR_FLAGS, (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR));
            Fd fd = Fd.open(DEVICE, Fd.O_RDWR | Fd.O_NONBLOCK, 0);
            try {
                LinuxException.check(fd.ioctl(TUNSETIFF, ifreq), "TUNSETIFF " + name);
                Tap tap = new Tap(fd, name);
                tap.setPersistent(persistent);
                return tap;
            } catch (RuntimeException e) {
                fd.close();
                throw e;
            }
        }
    }

    /** {@code struct ifreq} that names an interface. */
    static MemorySegment ifreq(Arena arena, String name) {
        if (!isValidName(name)) {
            throw new IllegalArgumentException("not a name for a network interface: " + name);
        }
        MemorySegment ifreq = arena.allocate(Structs.IFREQ);
        byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(MemorySegment.ofArray(ascii), 0, ifreq, IFR_NAME, ascii.length);
        return ifreq;
    }

    /**
     * Whether the kernel takes this as an interface's name and no tool misreads it: 1-15 letters, digits, {@code _ - .}, the first
     * neither dot nor dash.
     */
    public static boolean isValidName(String name) {
        return NAME.matcher(name).matches();
    }

    /** For reading and writing frames, and for epoll. */
    public Fd fd() {
        return fd;
    }

    /** The interface's name. */
    public String name() {
        return name;
    }

    /** Bytes of the header before each frame: 10, or 12 for {@code struct virtio_net_hdr_v1}. */
    public void setVnetHeaderSize(int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            check(fd.ioctl(TUNSETVNETHDRSZ, arena.allocateFrom(JAVA_INT, bytes)), "TUNSETVNETHDRSZ");
        }
    }

    /** What the reader of the frames can do itself: {@code TUN_F_…} or-ed; 0 for complete packets of MTU size only. */
    public void setOffload(int tunFlags) {
        check(fd.ioctl(TUNSETOFFLOAD, tunFlags), "TUNSETOFFLOAD");
    }

    /** Whether the interface stays when this is closed. */
    public void setPersistent(boolean persistent) {
        check(fd.ioctl(TUNSETPERSIST, persistent ? 1 : 0), "TUNSETPERSIST");
    }

    /** Detaches; the interface disappears unless it is persistent. */
    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return "tap " + name + ", " + fd;
    }

    private void check(int result, String call) {
        if (result < 0) {
            throw new LinuxException(call + " " + name, -result);
        }
    }
}
