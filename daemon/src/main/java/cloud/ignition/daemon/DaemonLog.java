package cloud.ignition.daemon;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The daemon's log: one line per record on standard error, with time in UTC and level. */
public final class DaemonLog {
    private DaemonLog() {}

    /** Sends {@code System.Logger} and Jetty's log to standard error. Must come before the first use of a logger. */
    static void install(boolean debug) {
        System.setProperty("java.util.logging.manager", Manager.class.getName());
        Logger root = LogManager.getLogManager().getLogger("");
        for (Handler handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        ConsoleHandler handler = new ConsoleHandler();
        handler.setLevel(Level.ALL);
        handler.setFormatter(new OneLine());
        root.addHandler(handler);
        root.setLevel(Level.INFO);
        setLevel("cloud.ignition", debug ? Level.FINE : Level.INFO);
        setLevel("org.eclipse.jetty", Level.WARNING);
    }

    private static void setLevel(String name, Level level) {
        Logger logger = Logger.getLogger(name);
        logger.setLevel(level);
        KEPT.add(logger);
    }

    /** Loggers are held weakly by their manager; these must keep their levels. */
    private static final java.util.List<Logger> KEPT = new java.util.ArrayList<>();

    /** Keeps its handlers at shutdown, so that what the daemon does then is still logged. */
    public static final class Manager extends LogManager {
        /** Made by {@code LogManager}, found by its name. */
        public Manager() {}

        @Override
        public void reset() {
            // Called by the JDK's own shutdown hook, which runs at the same time as ours.
        }
    }

    /** {@code 2026-11-23T10:00:00.000Z INFO  message}; a stack trace follows only for unexpected failures. */
    static final class OneLine extends Formatter {
        @Override
        public String format(LogRecord entry) {
            Instant time = entry.getInstant().truncatedTo(ChronoUnit.MILLIS);
            String line = "%s %-5s %s%n".formatted(fixed(time), word(entry.getLevel()), formatMessage(entry));
            Throwable thrown = entry.getThrown();
            if (thrown == null) {
                return line;
            }
            StringWriter trace = new StringWriter();
            thrown.printStackTrace(new PrintWriter(trace));
            return line + trace;
        }

        private static String fixed(Instant time) {
            String text = time.toString();
            return text.length() == "2026-11-23T10:00:00Z".length() ? text.replace("Z", ".000Z") : text;
        }

        private static String word(Level level) {
            if (level.intValue() >= Level.SEVERE.intValue()) {
                return "ERROR";
            }
            if (level.intValue() >= Level.WARNING.intValue()) {
                return "WARN";
            }
            return level.intValue() >= Level.INFO.intValue() ? "INFO" : "DEBUG";
        }
    }
}
