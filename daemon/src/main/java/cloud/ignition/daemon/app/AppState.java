package cloud.ignition.daemon.app;

import java.util.Locale;

/** The state of an app, as users see it. */
public enum AppState {
    /** Known, nothing done yet. */
    CREATED,
    /** Its image is being fetched and made. */
    PULLING,
    /** Its machine runs and the snapshot trigger has not come yet. */
    BOOTING,
    /** Its machine runs. */
    RUNNING,
    /** Its machine is being saved. */
    SUSPENDING,
    /** Its machine stands paused in memory; the first packet lets it go on. */
    STANDBY,
    /** It is files only; the first packet wakes it. */
    SLEEPING,
    /** Its machine is being restored. */
    WAKING,
    /** Stopped by the user; packets do not wake it. */
    STOPPED,
    /** The application ended by itself. */
    EXITED,
    /** It could not be booted, or its machine broke. */
    FAILED;

    /** Lower-case word for people and JSON. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether a machine exists (or is being made) for the app. */
    public boolean hasMachine() {
        return switch (this) {
            case BOOTING, RUNNING, SUSPENDING, STANDBY, WAKING -> true;
            case CREATED, PULLING, SLEEPING, STOPPED, EXITED, FAILED -> false;
        };
    }
}
