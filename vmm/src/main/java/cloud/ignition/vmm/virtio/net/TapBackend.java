package cloud.ignition.vmm.virtio.net;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.Limits;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A tap device as back end; the tap stays its owner's. */
public final class TapBackend implements NetBackend {
    private final Tap tap;
    private final IoVector frame = new IoVector(1 + Limits.CHAIN_DESCRIPTORS);

    public TapBackend(Tap tap) {
        this.tap = tap;
    }

    @Override
    public Optional<Fd> fd() {
        return Optional.of(tap.fd());
    }

    @Override
    public long read(IoVector into) {
        return tap.fd().readv(into.segment(), into.count());
    }

    @Override
    public long write(MemorySegment head, IoVector rest) {
        frame.clear();
        frame.add(head.address(), head.byteSize());
        frame.addAll(rest);
        return tap.fd().writev(frame.segment(), frame.count());
    }

    /** Also sets the header size: both belong to the tap, which may be a new one since the last restore. */
    @Override
    public void setReceiveOffloads(boolean checksum, boolean tso4, boolean tso6) {
        tap.setVnetHeaderSize(NetDevice.HEADER_BYTES);
        tap.setOffload((checksum ? Tap.TUN_F_CSUM : 0)
                | (checksum && tso4 ? Tap.TUN_F_TSO4 : 0)
                | (checksum && tso6 ? Tap.TUN_F_TSO6 : 0));
    }
}
