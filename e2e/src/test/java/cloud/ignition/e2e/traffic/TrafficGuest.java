package cloud.ignition.e2e.traffic;

import cloud.ignition.vmm.Attachments;
import cloud.ignition.vmm.BootSource;
import cloud.ignition.vmm.DoorbellTrigger;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.MicroVm;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.WakeTimeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One guest and the machine it lives in at the moment, if any. */
final class TrafficGuest implements AutoCloseable {
    /** The ways to stop a guest. */
    enum Stop {
        /** Asked to ring where it stands still, and waited for. */
        QUIESCED,
        /** Between two instructions. */
        FORCED,
        /** Asked, and stopped while it is about to answer. */
        RACED
    }

    /** How long a step may take in the lab, a hundred times and more what it takes there. */
    static final Duration LIMIT = Duration.ofSeconds(90);

    private final Attachments attachments;
    private final Path directory;
    private final Faults faults;
    private final GuestEvents events;
    private @Nullable MicroVm machine;
    private @Nullable Path snapshot;
    private int snapshots;

    TrafficGuest(Attachments attachments, Path directory, Faults faults) {
        this.attachments = attachments;
        this.directory = directory;
        this.faults = faults;
        events = new GuestEvents(faults);
    }

    GuestEvents events() {
        return events;
    }

    /** Boots the guest up to its last listen, where it is held. */
    void boot(MachineShape shape, Path kernel, Path initramfs, List<String> parameters) {
        List<String> all = new ArrayList<>(parameters);
        all.add("address=" + TrafficHost.GUEST);
        MicroVm booted = MicroVm.boot(
                shape,
                new BootSource(
                        kernel, initramfs, new byte[0], new DoorbellTrigger.ListenOnPort(TrafficHost.STREAM_PORT), all),
                attachments,
                events);
        machine = booted;
        events.expectRing();
        booted.resume();
        faults.await("the guest's listen", LIMIT, events::isHeld);
        booted.pause();
        events.expectNoRing();
    }

    /** Stops the running guest; returns whether it can be saved where it stands. */
    boolean stop(Stop how) {
        MicroVm running = machine();
        switch (how) {
            case QUIESCED -> {
                events.expectRing();
                running.requestQuiesce();
                faults.await("the guest's answer to a request to come to rest", LIMIT, events::isHeld);
            }
            case FORCED -> {}
            case RACED -> {
                events.expectRing();
                running.requestQuiesce();
            }
        }
        running.pause();
        return events.expectNoRing() || !running.savesOnlyAtRest();
    }

    /** Sees that the machine refuses to be saved where it stands, and leaves nothing. */
    void saveIsRefused() {
        Path target = directory.resolve("refused");
        try {
            machine().save(target, new SnapshotSubject(Map.of()));
        } catch (IllegalStateException e) {
            if (!Files.exists(target)) {
                return;
            }
        }
        throw new AssertionError("a machine with several vCPUs was saved where they were stopped by force");
    }

    /** Saves the paused machine and returns the snapshot. */
    Path save() {
        Path target = directory.resolve("snapshot-" + ++snapshots);
        machine().save(target, new SnapshotSubject(Map.of()));
        deleteSnapshot(); // the running machine goes on using its memory file
        snapshot = target;
        return target;
    }

    void closeMachine() {
        machine().close();
        machine = null;
    }

    void restore() {
        machine = MicroVm.restore(Objects.requireNonNull(snapshot), attachments, events, new WakeTimeline());
    }

    void resume() {
        machine().resume();
    }

    private MicroVm machine() {
        return Objects.requireNonNull(machine);
    }

    private void deleteSnapshot() {
        Path old = snapshot;
        snapshot = null;
        if (old == null) {
            return;
        }
        try (Stream<Path> files = Files.list(old)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.delete(file);
            }
            Files.delete(old);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        MicroVm last = machine;
        if (last != null) {
            last.close();
            machine = null;
        }
        deleteSnapshot();
    }
}
