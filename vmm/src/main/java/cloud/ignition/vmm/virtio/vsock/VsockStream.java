package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;

/**
 * The host's end of one connection: a byte stream each way, that towards the host with a buffer of
 * {@code Limits.VSOCK_BUFFER_BYTES} behind it. Nothing here waits. After {@link #close} only {@link #buffered} may be called.
 */
public interface VsockStream {
    /**
     * Takes bytes of the host's peer.
     *
     * @return how many; 0 at the end of the stream; {@code -errno}, -EAGAIN when there are none now
     */
    long read(IoVector into);

    /**
     * Sends readable bytes {@code [offset, offset + length)} of a chain to the host's peer, or buffers them; they fit.
     *
     * @return 0, or {@code -errno} when the peer takes no more, ever
     */
    int write(DescriptorChain chain, long offset, int length);

    /** Bytes that wait for the peer to take them. */
    int buffered();

    /**
     * Sends what is buffered as far as the peer takes it.
     *
     * @return 0, or {@code -errno} when the peer takes no more, ever: the buffer is empty then
     */
    int flush();

    /**
     * Tells the peer, who asked for the connection, that it is there.
     *
     * @param hostPort the port that its end got
     * @return 0, or {@code -errno} when the peer is gone
     */
    int accepted(int hostPort);

    /** The peer reads the end of the stream behind what was written. The buffer is empty. */
    void endWrites();

    /** What the peer writes is refused from now on. */
    void endReads();

    /** Ends both ways at once; what is buffered is lost. */
    void close();

    /** Ends both ways when the peer has taken what is buffered. Counts as closed from now on. */
    void closeWhenFlushed();
}
