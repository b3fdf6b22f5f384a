package cloud.ignition.linux;

import java.io.IOException;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.StructLayout;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What the C compiler says about layouts and constants next to what Java says: collects pairs of a C expression and Java's value,
 * then compiles and runs one C program that prints them all.
 */
public final class CTable {
    private final String headers;
    private final Map<String, Long> javaValues = new LinkedHashMap<>();

    /** A table whose C program includes these headers, for example {@code linux/kvm.h}. */
    public CTable(String... headers) {
        StringBuilder text = new StringBuilder("#define _GNU_SOURCE\n#include <stddef.h>\n#include <stdio.h>\n");
        for (String header : headers) {
            text.append("#include <").append(header).append(">\n");
        }
        this.headers = text.toString();
    }

    /** Adds one expression and the value it should have. */
    public void expect(String cExpression, long value) {
        javaValues.put(cExpression, value);
    }

    /** Adds the size of a struct, and offset and size of all its named members, down into members that are structs themselves. */
    public void expectStruct(StructLayout struct) {
        String name = struct.name().orElseThrow();
        expect("sizeof(" + name + ")", struct.byteSize());
        expectMembers(name, "", 0, struct);
    }

    /** Adds all constants of a class that are not private, of type int or long; {@code toC} gives the C name of a Java name. */
    public void expectConstants(Class<?> constants, UnaryOperator<String> toC) throws IllegalAccessException {
        for (Field f : constants.getDeclaredFields()) {
            boolean constant = Modifier.isStatic(f.getModifiers())
                    && Modifier.isFinal(f.getModifiers())
                    && !Modifier.isPrivate(f.getModifiers());
            if (!constant) {
                continue;
            }
            f.setAccessible(true);
            if (f.getType() == int.class) {
                expect("(int) (" + toC.apply(f.getName()) + ")", f.getInt(null));
            } else if (f.getType() == long.class) {
                expect("(long) (" + toC.apply(f.getName()) + ")", f.getLong(null));
            }
        }
    }

    /** What Java says, by C expression. */
    public Map<String, Long> java() {
        return javaValues;
    }

    /** What C says, by the same expressions. */
    public Map<String, Long> compileAndRun() throws IOException, InterruptedException {
        StringBuilder program = new StringBuilder(headers).append("int main(void) {\n");
        javaValues
                .keySet()
                .forEach(expression -> program.append("  printf(\"%lld\\n\", (long long) (")
                        .append(expression)
                        .append("));\n"));
        program.append("}\n");
        Path directory = Files.createTempDirectory("ctable");
        try {
            Path source = Files.writeString(directory.resolve("table.c"), program);
            Path binary = directory.resolve("table");
            String compilerOutput = run("gcc", "-w", "-o", binary.toString(), source.toString());
            if (!compilerOutput.isEmpty()) {
                throw new AssertionError("the C compiler says:\n" + compilerOutput);
            }
            List<String> lines = run(binary.toString()).lines().toList();
            List<String> expressions = new ArrayList<>(javaValues.keySet());
            Map<String, Long> c = new LinkedHashMap<>();
            for (int i = 0; i < expressions.size(); i++) {
                c.put(expressions.get(i), Long.parseLong(lines.get(i)));
            }
            return c;
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private void expectMembers(String struct, String prefix, long base, GroupLayout group) {
        List<MemoryLayout> members = group.memberLayouts();
        for (int i = 0; i < members.size(); i++) {
            MemoryLayout member = members.get(i);
            if (member instanceof PaddingLayout) {
                continue;
            }
            long offset = base + group.byteOffset(PathElement.groupElement(i));
            String name = prefix + member.name().orElse("");
            if (member.name().isPresent()) {
                expect("offsetof(" + struct + ", " + name + ")", offset);
                expect("sizeof(((" + struct + " *) 0)->" + name + ")", member.byteSize());
            }
            if (member instanceof GroupLayout inner) {
                expectMembers(struct, member.name().isPresent() ? name + "." : prefix, offset, inner);
            }
        }
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new AssertionError(
                    "cannot run " + command[0] + ": this test needs gcc and libc6-dev (apt-get install gcc libc6-dev)",
                    e);
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(Arrays.toString(command) + " failed:\n" + output);
        }
        return output;
    }
}
