package cloud.ignition.daemon.app;

import java.time.Duration;
import java.util.List;

/**
 * Everything that can be done with apps. All methods may be called from any thread at once, virtual ones too; those that
 * take long block. A name is an app's name or its identifier. Errors are {@link UserException}s.
 */
public interface Applications {
    /**
     * Creates an app, fetches its image, boots it and takes the ready snapshot. Returns when it sleeps (or runs, if the
     * first packet came at once). An application that ends by itself before its trigger leaves the app in
     * {@link AppState#EXITED} and is returned so when its exit code is 0, else thrown as an error; the app stays
     * listed either way.
     */
    AppView run(AppSpec spec, Progress progress);

    /** All apps, ordered by name. */
    List<AppView> list();

    /** One app. */
    AppView inspect(String name);

    /**
     * Ends the application: stop signal, up to {@code grace} of waiting, power-off. Its memory and its snapshots are gone, its ports
     * are free, packets no longer wake it. Stopping a stopped app is no error.
     */
    AppView stop(String name, Duration grace);

    /** Boots a stopped, exited or failed app again; returns as {@link #run}. A sleeping or running one is left alone. */
    AppView start(String name, Progress progress);

    /** Forgets an app with all its files. A sleeping or running one only when {@code force}. */
    void remove(String name, boolean force);

    /**
     * Gives the last {@code tail} lines of an app's log (negative: all that are kept) and, when {@code follow}, all further ones until the app is
     * removed, the sink is closed or the calling thread is interrupted.
     */
    void logs(String name, boolean follow, int tail, LogSink sink);
}
