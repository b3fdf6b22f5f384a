package cloud.ignition.linux;

import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/**
 * Layouts of the C library's and the kernel's structs; layout and member names are C's. Members nobody uses are padding. A test
 * compares every named member with what the C compiler says.
 */
final class Structs {
    static final StructLayout TIMESPEC = structLayout(JAVA_LONG.withName("tv_sec"), JAVA_LONG.withName("tv_nsec"))
            .withName("struct timespec");

    static final StructLayout ITIMERSPEC = structLayout(TIMESPEC.withName("it_interval"), TIMESPEC.withName("it_value"))
            .withName("struct itimerspec");

    /** Packed on x86-64; {@code data} is a union whose 64-bit member is used. */
    static final StructLayout EPOLL_EVENT = structLayout(
                    JAVA_INT_UNALIGNED.withName("events"), JAVA_LONG_UNALIGNED.withName("data"))
            .withName("struct epoll_event");

    static final StructLayout IOVEC = structLayout(JAVA_LONG.withName("iov_base"), JAVA_LONG.withName("iov_len"))
            .withName("struct iovec");

    static final StructLayout STAT = structLayout(
                    paddingLayout(24),
                    JAVA_INT.withName("st_mode"),
                    paddingLayout(20),
                    JAVA_LONG.withName("st_size"),
                    JAVA_LONG.withName("st_blksize"),
                    JAVA_LONG.withName("st_blocks"),
                    paddingLayout(72))
            .withName("struct stat");

    static final StructLayout SIGACTION = structLayout(
                    JAVA_LONG.withName("sa_handler"),
                    sequenceLayout(128, JAVA_BYTE).withName("sa_mask"),
                    JAVA_INT.withName("sa_flags"),
                    paddingLayout(4),
                    JAVA_LONG.withName("sa_restorer"))
            .withName("struct sigaction");

    static final StructLayout RLIMIT = structLayout(JAVA_LONG.withName("rlim_cur"), JAVA_LONG.withName("rlim_max"))
            .withName("struct rlimit");

    static final StructLayout IFREQ = structLayout(
                    sequenceLayout(16, JAVA_BYTE).withName("ifr_name"),
                    JAVA_SHORT.withName("ifr_flags"),
                    paddingLayout(22))
            .withName("struct ifreq");

    static final StructLayout SOCKADDR_UN = structLayout(
                    JAVA_SHORT.withName("sun_family"),
                    sequenceLayout(108, JAVA_BYTE).withName("sun_path"))
            .withName("struct sockaddr_un");

    static final StructLayout NLMSGHDR = structLayout(
                    JAVA_INT.withName("nlmsg_len"),
                    JAVA_SHORT.withName("nlmsg_type"),
                    JAVA_SHORT.withName("nlmsg_flags"),
                    JAVA_INT.withName("nlmsg_seq"),
                    JAVA_INT.withName("nlmsg_pid"))
            .withName("struct nlmsghdr");

    static final StructLayout IFINFOMSG = structLayout(
                    JAVA_BYTE.withName("ifi_family"),
                    paddingLayout(3),
                    JAVA_INT.withName("ifi_index"),
                    JAVA_INT.withName("ifi_flags"),
                    JAVA_INT.withName("ifi_change"))
            .withName("struct ifinfomsg");

    static final StructLayout IFADDRMSG = structLayout(
                    JAVA_BYTE.withName("ifa_family"),
                    JAVA_BYTE.withName("ifa_prefixlen"),
                    paddingLayout(2),
                    JAVA_INT.withName("ifa_index"))
            .withName("struct ifaddrmsg");

    static final StructLayout NDMSG = structLayout(
                    JAVA_BYTE.withName("ndm_family"),
                    paddingLayout(3),
                    JAVA_INT.withName("ndm_ifindex"),
                    JAVA_SHORT.withName("ndm_state"),
                    paddingLayout(2))
            .withName("struct ndmsg");

    static final StructLayout VHOST_VRING_STATE =
            structLayout(JAVA_INT.withName("index"), JAVA_INT.withName("num")).withName("struct vhost_vring_state");

    static final StructLayout VHOST_VRING_FILE =
            structLayout(JAVA_INT.withName("index"), JAVA_INT.withName("fd")).withName("struct vhost_vring_file");

    static final StructLayout VHOST_VRING_ADDR = structLayout(
                    JAVA_INT.withName("index"),
                    JAVA_INT.withName("flags"),
                    JAVA_LONG.withName("desc_user_addr"),
                    JAVA_LONG.withName("used_user_addr"),
                    JAVA_LONG.withName("avail_user_addr"),
                    JAVA_LONG.withName("log_guest_addr"))
            .withName("struct vhost_vring_addr");

    /** Header of a flexible array of {@link #VHOST_MEMORY_REGION}. */
    static final StructLayout VHOST_MEMORY = structLayout(JAVA_INT.withName("nregions"), paddingLayout(4))
            .withByteAlignment(8)
            .withName("struct vhost_memory");

    static final StructLayout VHOST_MEMORY_REGION = structLayout(
                    JAVA_LONG.withName("guest_phys_addr"),
                    JAVA_LONG.withName("memory_size"),
                    JAVA_LONG.withName("userspace_addr"),
                    paddingLayout(8))
            .withName("struct vhost_memory_region");

    private Structs() {}

    /** The offset of a member in bytes. */
    static long offset(StructLayout struct, String member) {
        return struct.byteOffset(MemoryLayout.PathElement.groupElement(member));
    }
}
