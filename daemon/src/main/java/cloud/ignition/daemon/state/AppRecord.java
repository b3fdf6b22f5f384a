package cloud.ignition.daemon.state;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.GuestEnd;
import cloud.ignition.daemon.image.Launch;
import java.time.Instant;
import java.util.Optional;

/**
 * What is durable of an app besides its snapshots and its log.
 *
 * @param id identifier, also the name of its directory
 * @param spec what the user asked for; its name is the app's
 * @param addressIndex which /30 of the address pool it has
 * @param createdAt when it was created
 * @param phase where it is in its life, as far as a daemon that starts must know
 * @param phaseSince since when
 * @param message one line on the last thing that went wrong, or empty
 * @param exitCode exit code of the application once it ended
 * @param ending how its last machine ended by itself, until it is started again
 * @param launch what it boots; empty until its image was fetched
 * @param kernelDigest digest of the guest kernel it was last booted on, which is in its snapshots; empty before
 * @param wakes wakes from a snapshot so far
 * @param coldBoots boots so far
 */
public record AppRecord(
        String id,
        AppSpec spec,
        int addressIndex,
        Instant createdAt,
        Phase phase,
        Instant phaseSince,
        String message,
        Optional<Integer> exitCode,
        Optional<GuestEnd> ending,
        Optional<Launch> launch,
        String kernelDigest,
        long wakes,
        long coldBoots) {

    /** Where an app is in its life. Whether it runs or sleeps is not durable: a daemon that starts finds it asleep. */
    public enum Phase {
        /** Created, its image not yet fetched. */
        CREATED,
        /** Packets wake it. */
        UP,
        /** Stopped by the user. */
        STOPPED,
        /** The application ended. */
        EXITED,
        /** Its machine cannot run. */
        FAILED
    }

    /** Checks what the rest of the daemon relies on. */
    public AppRecord {
        if (!id.matches("[0-9a-f]{12}") || spec.name().isEmpty() || addressIndex < 0 || wakes < 0 || coldBoots < 0) {
            throw new IllegalArgumentException("app record with a wrong id, name, address or counter");
        }
        if (phase == Phase.UP && launch.isEmpty()) {
            throw new IllegalArgumentException("app record in phase UP without a launch");
        }
    }

    /** The same in another phase. */
    public AppRecord inPhase(Phase next, Instant since, String text, Optional<Integer> code) {
        return new AppRecord(
                id,
                spec,
                addressIndex,
                createdAt,
                next,
                since,
                text,
                code,
                next == Phase.UP ? Optional.empty() : ending,
                launch,
                kernelDigest,
                wakes,
                coldBoots);
    }

    /** The same, its machine ended by itself; the phase is the caller's to change. */
    public AppRecord ended(GuestEnd how) {
        return new AppRecord(
                id,
                spec,
                addressIndex,
                createdAt,
                phase,
                phaseSince,
                message,
                exitCode,
                Optional.of(how),
                launch,
                kernelDigest,
                wakes,
                coldBoots);
    }

    /** The same with what it boots. */
    public AppRecord withLaunch(Launch resolved) {
        return new AppRecord(
                id,
                spec,
                addressIndex,
                createdAt,
                phase,
                phaseSince,
                message,
                exitCode,
                ending,
                Optional.of(resolved),
                kernelDigest,
                wakes,
                coldBoots);
    }

    /** The same, booted once more on this kernel. */
    public AppRecord bootedOn(String kernel) {
        return new AppRecord(
                id,
                spec,
                addressIndex,
                createdAt,
                phase,
                phaseSince,
                message,
                exitCode,
                ending,
                launch,
                kernel,
                wakes,
                coldBoots + 1);
    }

    /** The same, woken once more. */
    public AppRecord woken() {
        return new AppRecord(
                id,
                spec,
                addressIndex,
                createdAt,
                phase,
                phaseSince,
                message,
                exitCode,
                ending,
                launch,
                kernelDigest,
                wakes + 1,
                coldBoots);
    }
}
