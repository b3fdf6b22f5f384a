package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Bytes of the guest that a peer has not taken yet: {@code Limits.VSOCK_BUFFER_BYTES} of native memory, once it is needed. */
final class OutBuffer {
    private MemorySegment memory = MemorySegment.NULL;
    private long start;
    private int size;

    int size() {
        return size;
    }

    /** Appends readable bytes of a chain; they fit. */
    void append(DescriptorChain chain, long offset, int length) {
        if (length > Limits.VSOCK_BUFFER_BYTES - size) {
            throw new IllegalStateException(length + " bytes behind " + size);
        }
        if (memory.byteSize() == 0) {
            memory = Arena.ofAuto().allocate(Limits.VSOCK_BUFFER_BYTES);
        }
        if (start + size + length > memory.byteSize()) {
            MemorySegment.copy(memory, start, memory, 0, size);
            start = 0;
        }
        chain.read(offset, memory.asSlice(start + size, length));
        size += length;
    }

    /** What is in it. */
    MemorySegment content() {
        return memory.asSlice(start, size);
    }

    /** Takes the first bytes away. */
    void remove(long count) {
        size -= (int) count;
        start = size == 0 ? 0 : start + count;
    }

    void clear() {
        size = 0;
        start = 0;
    }
}
