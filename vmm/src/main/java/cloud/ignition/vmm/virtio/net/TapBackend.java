package cloud.ignition.vmm.virtio.net;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.memory.IoVector;
import java.util.Optional;

/** A tap device as back end; the tap stays its owner's. */
public final class TapBackend implements NetBackend {
    private final Tap tap;

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
    public long write(IoVector from) {
        return tap.fd().writev(from.segment(), from.count());
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
