package cloud.ignition.vmm.virtio.net;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.memory.IoVector;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** A wire in plain memory: works on iovecs as the kernel does, but only inside the guest's RAM. */
final class MemoryBackend implements NetBackend {
    final Deque<byte[]> toGuest = new ArrayDeque<>();
    final List<byte[]> fromGuest = new ArrayList<>();
    final List<String> offloads = new ArrayList<>();
    /** What the guest does between the device's check of a frame and the kernel's reading of it. */
    Runnable beforeWrite = () -> {};

    long failure;
    int reads;
    private GuestMemory memory;

    MemoryBackend(GuestMemory memory) {
        this.memory = memory;
    }

    void moveTo(GuestMemory other) {
        memory = other;
    }

    @Override
    public Optional<Fd> fd() {
        return Optional.empty();
    }

    @Override
    public long read(IoVector into) {
        reads++;
        if (failure != 0) {
            return failure;
        }
        byte[] frame = toGuest.poll();
        if (frame == null) {
            return -Errno.EAGAIN;
        }
        int done = 0;
        for (int i = 0; i < into.count() && done < frame.length; i++) {
            long gpa = gpa(into, i);
            for (int j = 0; j < into.length(i) && done < frame.length; j++, done++) {
                if (done != 10 && done != 11) {
                    memory.setByte(gpa + j, frame[done]);
                }
            }
        }
        return done;
    }

    @Override
    public long write(MemorySegment head, IoVector rest) {
        if (failure != 0) {
            return failure;
        }
        if (!head.isNative()) {
            throw new AssertionError("the kernel needs native memory");
        }
        beforeWrite.run();
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.writeBytes(head.toArray(ValueLayout.JAVA_BYTE));
        for (int i = 0; i < rest.count(); i++) {
            frame.writeBytes(memory.read(gpa(rest, i), (int) rest.length(i)));
        }
        fromGuest.add(frame.toByteArray());
        return frame.size();
    }

    @Override
    public void setReceiveOffloads(boolean checksum, boolean tso4, boolean tso6) {
        offloads.add((checksum ? "csum " : "") + (tso4 ? "tso4 " : "") + (tso6 ? "tso6" : ""));
    }

    private long gpa(IoVector vector, int index) {
        GuestMemory.Region region = memory.regions().getFirst();
        long gpa = vector.address(index) - region.host().address() + region.gpa();
        if (!memory.contains(gpa, vector.length(index))) {
            throw new AssertionError("iovec outside RAM");
        }
        return gpa;
    }
}
