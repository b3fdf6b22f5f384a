package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.image.GuestParts;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Finds and hashes the guest's parts at the first boot that needs them; a failure is tried again at the next. */
final class GuestPartsOnce implements Supplier<GuestParts> {
    private final Supplier<GuestParts> finder;
    private @Nullable GuestParts found;

    GuestPartsOnce(Supplier<GuestParts> finder) {
        this.finder = finder;
    }

    @Override
    public synchronized GuestParts get() {
        if (found == null) {
            found = finder.get();
        }
        return found;
    }
}
