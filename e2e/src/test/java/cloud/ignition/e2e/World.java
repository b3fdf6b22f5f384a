package cloud.ignition.e2e;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives all test classes the same machine and running product, started at first use and ended behind the last test. */
final class World implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == Ignition.class || type == Machine.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        // What was stored last is closed first: the product before its machine.
        ExtensionContext.Store store = context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL);
        Machine machine = store.computeIfAbsent(Machine.class, type -> Machine.start("main"), Machine.class);
        return parameter.getParameter().getType() == Machine.class
                ? machine
                : store.computeIfAbsent(Ignition.class, type -> new Ignition(machine), Ignition.class);
    }
}
