package cloud.ignition.daemon.app;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What is known of an app at one moment.
 *
 * @param name unique name
 * @param id unique short identifier, also the directory's name
 * @param image image reference as given
 * @param imageDigest manifest digest of the image it was booted from; empty before the first pull
 * @param state its state
 * @param message one line on the last thing that went wrong; empty when nothing did
 * @param spec what the user asked for
 * @param address the guest's IPv4 address
 * @param vsock the unix socket to the guest's sockets, there while the app is up (docs/vsock.md)
 * @param createdAt when it was created
 * @param stateSince when it came into its state
 * @param residentBytes guest memory it has in the host's memory now (shared page cache not counted); 0 while sleeping
 * @param balloonBytes guest memory in its balloon now; 0 while sleeping
 * @param givenBackBytes guest memory that its guest gave up since it runs, touched or not; 0 while sleeping
 * @param snapshotBytes disk space of its snapshots
 * @param refusedSnapshots directories of snapshots that were refused and set aside, oldest first
 * @param wakes wakes from a snapshot since it was created
 * @param coldBoots boots of its image since it was created
 * @param exitCode the application's exit code (128 + signal number for a signal) once it ended
 * @param ending how its last machine ended by itself; empty when it did not, or the app was started again
 * @param lastWakes the last wakes, oldest first
 */
public record AppView(
        String name,
        String id,
        String image,
        String imageDigest,
        AppState state,
        String message,
        AppSpec spec,
        String address,
        Path vsock,
        Instant createdAt,
        Instant stateSince,
        long residentBytes,
        long balloonBytes,
        long givenBackBytes,
        long snapshotBytes,
        List<String> refusedSnapshots,
        long wakes,
        long coldBoots,
        Optional<Integer> exitCode,
        Optional<GuestEnd> ending,
        List<WakeReport> lastWakes) {
    /** Keeps its own copy. */
    public AppView {
        refusedSnapshots = List.copyOf(refusedSnapshots);
        lastWakes = List.copyOf(lastWakes);
    }
}
