package cloud.ignition.daemon.app;

/** Takes the lines of {@link Applications#logs}; called on the thread that called it. */
@FunctionalInterface
public interface LogSink {
    /**
     * Takes a line. An exception ends the reading and is passed on to the caller of
     * {@link Applications#logs}.
     */
    void line(LogLine line);

    /**
     * Asked at least every few seconds while nothing is written to a followed log; false ends the reading. A sink that
     * writes to a connection finds out here that the other side has gone.
     */
    default boolean isOpen() {
        return true;
    }
}
