package cloud.ignition.daemon.lifecycle;

import java.util.function.LongSupplier;

/** How long an app's way to sleep takes, for the line in its log. On the mailbox. */
final class SleepTimes {
    private static final long NONE = -1;

    private final LongSupplier nanoClock;
    private long decided;
    private long atRest;
    private long saving;
    private long saved;

    /** @param nanoClock monotonic */
    SleepTimes(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        forget();
    }

    private void forget() {
        decided = NONE;
        atRest = NONE;
        saving = NONE;
        saved = NONE;
    }

    /** It was found idle, and its guest is asked to come to rest. */
    void decided() {
        forget();
        decided = nanoClock.getAsLong();
    }

    /** Its machine is paused. */
    void atRest() {
        atRest = nanoClock.getAsLong();
    }

    /** Its machine is being saved. */
    void saving() {
        saving = nanoClock.getAsLong();
    }

    /** Its machine is saved. */
    void saved() {
        saved = nanoClock.getAsLong();
    }

    /** Its machine is gone: what it took, as far as it was seen; an app that stood by for long was idle all that time. */
    String asleep() {
        StringBuilder line = new StringBuilder("sleeping");
        if (decided != NONE && atRest != NONE) {
            line.append("; at rest ").append(millis(decided, atRest)).append(" ms after it was idle");
        }
        if (saving != NONE && saved != NONE) {
            line.append("; saved in ").append(millis(saving, saved)).append(" ms");
            line.append("; gone ").append(millis(saved, nanoClock.getAsLong())).append(" ms later");
        }
        forget();
        return line.toString();
    }

    private static String millis(long from, long to) {
        return String.format(java.util.Locale.ROOT, "%.1f", (to - from) / 1e6);
    }
}
