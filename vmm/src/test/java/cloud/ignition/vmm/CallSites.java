package cloud.ignition.vmm;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.module.ModuleReader;
import java.lang.module.ResolvedModule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The places in the product's compiled classes from where a system call can be reached through module {@code linux}. */
final class CallSites {
    private static final String LIBC = "cloud/ignition/linux/LibC";

    /**
     * One call in the classes.
     *
     * @param from class and method that calls
     * @param line of the source
     * @param to class and method that is called
     */
    private record Call(String from, int line, String to) {
        String site() {
            return from.replace('/', '.') + ":" + line;
        }
    }

    private CallSites() {}

    /**
     * {@code class.method:line} of all calls in {@code linux} and {@code vmm} to methods of {@code linux} that end in a call of the C
     * library.
     */
    static Set<String> all() throws IOException {
        List<Call> linux = calls("cloud.ignition.linux");
        Set<String> callers = new HashSet<>();
        boolean grown = true;
        while (grown) {
            grown = false;
            for (Call call : linux) {
                boolean reaches = call.to().startsWith(LIBC + ".") || callers.contains(call.to());
                if (reaches && !call.from().startsWith(LIBC + ".")) {
                    grown |= callers.add(call.from());
                }
            }
        }
        List<Call> every = new ArrayList<>(linux);
        every.addAll(calls("cloud.ignition.vmm"));
        return every.stream()
                .filter(call -> call.to().startsWith(LIBC + ".") || callers.contains(call.to()))
                .filter(call -> !call.from().startsWith(LIBC + "."))
                .map(Call::site)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<Call> calls(String moduleName) throws IOException {
        ResolvedModule module =
                ModuleLayer.boot().configuration().findModule(moduleName).orElseThrow();
        List<Call> calls = new ArrayList<>();
        try (ModuleReader reader = module.reference().open()) {
            for (String name : reader.list().toList()) {
                boolean product = !reader.find(name).orElseThrow().toString().contains("/test-classes/");
                if (name.endsWith(".class") && product && !name.equals("module-info.class")) {
                    var bytes = reader.read(name).orElseThrow();
                    byte[] copy = new byte[bytes.remaining()];
                    bytes.get(copy);
                    reader.release(bytes);
                    collect(ClassFile.of().parse(copy), calls);
                }
            }
        }
        return calls;
    }

    private static void collect(ClassModel type, List<Call> calls) {
        for (MethodModel method : type.methods()) {
            String from = type.thisClass().asInternalName() + "." + method.methodName();
            method.code().ifPresent(code -> {
                int line = 0;
                for (CodeElement element : code) {
                    switch (element) {
                        case LineNumber number -> line = number.line();
                        case InvokeInstruction invoke ->
                            calls.add(new Call(from, line, invoke.owner().asInternalName() + "." + invoke.name()));
                        default -> {}
                    }
                }
            });
        }
    }
}
