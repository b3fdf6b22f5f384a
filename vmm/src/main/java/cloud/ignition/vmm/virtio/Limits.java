package cloud.ignition.vmm.virtio;

/** How much a guest may ask of a device at once. Every number here is tested. */
public final class Limits {
    /** Largest queue a driver may choose, in descriptors (§2.6 allows 32768). */
    public static final int QUEUE_SIZE = 256;

    /**
     * Largest queue of the console's input, in descriptors. Linux fills it at boot with pages that it keeps, and kicks for each; what comes
     * is a line of some bytes now and then.
     */
    public static final int CONSOLE_INPUT_QUEUE_SIZE = 16;

    /**
     * Largest queue of what a guest's sockets receive, in descriptors. Linux fills it at boot with buffers of 4 KiB that it keeps: as much
     * as one socket takes before its reader reads (256 KiB).
     */
    public static final int VSOCK_RECEIVE_QUEUE_SIZE = 64;

    /** Longest descriptor chain, indirect descriptors included. */
    public static final int CHAIN_DESCRIPTORS = 256;

    /** Chains a device takes out of one queue before other work of the event loop gets its turn. */
    public static final int CHAINS_PER_TURN = 256;

    /** Queues of one device. */
    public static final int QUEUES = 16;

    /** Packets the network device receives before other work of the event loop gets its turn. */
    public static final int PACKETS_PER_TURN = 64;

    /** Largest frame with its virtio header: §5.1.6.3.1 for TSO, in bytes. */
    public static final int NET_FRAME_BYTES = 65562;

    /** Largest frame with its virtio header when TSO was not negotiated: §5.1.6.3.1, in bytes. */
    public static final int NET_SMALL_FRAME_BYTES = 12 + 14 + 1500;

    /** Largest control queue of a network device, in descriptors. */
    public static final int NET_CONTROL_QUEUE_SIZE = 16;

    /** Receive buffers held ready for the next packet, in pieces of guest memory. */
    public static final int NET_RX_PIECES = 512;

    /** Largest block request, in bytes. */
    public static final int BLOCK_REQUEST_BYTES = 16 << 20;

    /** Pieces of guest memory in one block request (seg_max): a chain minus its header and status. */
    public static final int BLOCK_SEGMENTS = CHAIN_DESCRIPTORS - 2;

    /** Requests of one disk that are under way at once; further ones wait in the queue. */
    public static final int BLOCK_IN_FLIGHT = 64;

    /** Sectors in one segment of a discard or write-zeroes request (1 GiB). */
    public static final int BLOCK_DISCARD_SECTORS = 1 << 21;

    /** Segments in one discard or write-zeroes request. */
    public static final int BLOCK_DISCARD_SEGMENTS = 16;

    /** Random bytes per request; a longer request gets that many. */
    public static final int RNG_REQUEST_BYTES = 4096;

    /** Random bytes per second, after the burst. */
    public static final int RNG_BYTES_PER_SECOND = 256 << 10;

    /** Random bytes that may be had at once. */
    public static final int RNG_BURST_BYTES = 64 << 10;

    /** Console output handed on in one piece, in bytes. */
    public static final int CONSOLE_OUTPUT_PIECE_BYTES = 16 << 10;

    /** Console output in one request, in bytes. */
    public static final int CONSOLE_REQUEST_BYTES = 1 << 20;

    /** Console input the guest has not taken yet, in bytes. */
    public static final int CONSOLE_INPUT_BYTES = 64 << 10;

    /** Page frame numbers in one request of a balloon; Linux sends 256 at most. */
    public static final int BALLOON_PFNS = 1024;

    /** Chains the balloon takes before other work of the event loop gets its turn: each can mean many system calls. */
    public static final int BALLOON_CHAINS_PER_TURN = 16;

    /** Connections of one machine, those included that only end. */
    public static final int VSOCK_CONNECTIONS = 128;

    /** Largest payload of a packet, that of Linux (VIRTIO_VSOCK_MAX_PKT_BUF_SIZE), in bytes. */
    public static final int VSOCK_PACKET_BYTES = 64 << 10;

    /** What a connection buffers when the host's peer does not take it (buf_alloc), in bytes. */
    public static final int VSOCK_BUFFER_BYTES = 64 << 10;

    /** The most of a buffer that the guest claims to have (buf_alloc) that is believed, in bytes. */
    public static final int VSOCK_PEER_BUFFER_BYTES = 1 << 30;

    /** Refusals (RST for an unknown connection) that wait for a receive buffer; then no more of the guest's packets are looked at. */
    public static final int VSOCK_PENDING_RESETS = 128;

    /** Peers on the host that have connected but not yet said to which port; one more ends the oldest. */
    public static final int VSOCK_GREETINGS = 16;

    /** Longest line in which a peer on the host says what it wants: {@code CONNECT 4294967295} and its end, in bytes. */
    public static final int VSOCK_GREETING_BYTES = 20;

    /** Connections on the host that wait to be looked at, while the machine is busy or saved. */
    public static final int VSOCK_BACKLOG = 64;

    /** How often is looked whether frames go through a network device that the kernel serves, once one has; see {@code NetDevice}. */
    public static final long NET_LOOK_NANOS = 100_000_000L;

    private Limits() {}
}
