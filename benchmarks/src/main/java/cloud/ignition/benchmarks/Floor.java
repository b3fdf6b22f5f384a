package cloud.ignition.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The C program floor/restore.c as a child process that restores one machine for each line it gets. */
final class Floor implements AutoCloseable {
    /** The stages of one restore, in the order in which the program reports when they ended. */
    enum Stage implements RestoreStage {
        /** The script is read. */
        READ(0),
        /** The memory file is mapped. */
        MAP(1),
        /** VM and memory slots. */
        SLOT(2),
        /** Interrupt chips and PIT. */
        CHIPS(3),
        /** vCPU with its CPUID. */
        VCPU(4),
        /** Interrupt lines and kicks. */
        LINES(5),
        /** State of chips and vCPU. */
        STATE(6),
        /** The guest's first port write. */
        RUN(7);

        private final int number;

        Stage(int number) {
            this.number = number;
        }

        @Override
        public int number() {
            return number;
        }
    }

    private final Process process;
    private final Writer in;
    private final BufferedReader out;

    private Floor(Process process) {
        this.process = process;
        in = process.outputWriter(StandardCharsets.US_ASCII);
        out = process.inputReader(StandardCharsets.US_ASCII);
    }

    /** Compiles the program and starts it on a snapshot. */
    static Floor start(Path source, Path snapshot, Path scratch) throws IOException, InterruptedException {
        Path program = scratch.resolve("restore");
        int result = new ProcessBuilder(
                        "cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program.toString(), source.toString())
                .inheritIO()
                .start()
                .waitFor();
        if (result != 0) {
            throw new IOException("cc ended with " + result);
        }
        Path script = Files.write(scratch.resolve("floor-script"), FloorScript.of(snapshot));
        List<String> command = List.of(
                program.toString(),
                script.toString(),
                snapshot.resolve("memory").toString(),
                "-");
        return new Floor(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /**
     * Restores one machine; nanoseconds from the start to the end of each stage.
     *
     * @param withShell whether VM to lines are made before the clock starts
     */
    long[] restore(boolean withShell) throws IOException {
        in.write(withShell ? "shell\n" : "\n");
        in.flush();
        String line = out.readLine();
        if (line == null) {
            throw new IOException("the floor program ended");
        }
        String[] words = line.split(" ", -1);
        long[] ends = new long[Stage.values().length];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = Long.parseLong(words[i]);
        }
        return ends;
    }

    @Override
    public void close() throws IOException {
        in.close();
        process.onExit().join();
        out.close();
    }
}
