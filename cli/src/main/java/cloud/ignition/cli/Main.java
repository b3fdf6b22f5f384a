package cloud.ignition.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;

/** The {@code ignition} command. */
public final class Main {
    private Main() {}

    /** Runs one verb and ends the process with its exit code. */
    public static void main(String[] words) {
        PrintStream out = stream(FileDescriptor.out);
        PrintStream err = stream(FileDescriptor.err);
        // The start script knows best whether standard error is a terminal.
        boolean terminal = Boolean.getBoolean("ignition.terminal");
        int exitCode = new Cli(out, err, terminal, System.getenv(), InstantSource.system()).execute(List.of(words));
        out.flush();
        err.flush();
        System.exit(exitCode);
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        // UTF-8 whatever the locale: an application's output is passed on unchanged.
        return new PrintStream(
                new BufferedOutputStream(new FileOutputStream(descriptor), 8192),
                descriptor == FileDescriptor.err,
                StandardCharsets.UTF_8);
    }
}
