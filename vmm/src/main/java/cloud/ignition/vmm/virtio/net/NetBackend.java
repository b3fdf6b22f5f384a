package cloud.ignition.vmm.virtio.net;

import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.memory.IoVector;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The host's end of a network device. Each read and write is one frame behind a 12-byte virtio_net_hdr_v1. */
public interface NetBackend {
    /** Ready when there is something to {@link #read}. */
    Optional<Fd> fd();

    /**
     * Takes the next frame, header first. Bytes 10 and 11 of the header (num_buffers) are not written.
     *
     * @return its length with the header, cut off where {@code into} ends; or {@code -errno}, -EAGAIN when there is none
     */
    long read(IoVector into);

    /**
     * Sends a frame.
     *
     * @param head its first bytes, virtio header first; native memory of the device's own
     * @param rest what follows them, in guest memory; may be empty
     * @return bytes taken, or {@code -errno}
     */
    long write(MemorySegment head, IoVector rest);

    /**
     * What the guest can receive, from now on: frames without a checksum, and segments larger than the MTU. Frames that
     * it sends say for themselves, in their header, what is left to do.
     */
    void setReceiveOffloads(boolean checksum, boolean tso4, boolean tso6);
}
