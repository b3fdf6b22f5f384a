package cloud.ignition.e2e;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives test classes what they run on, started at first use and ended behind the last test: {@link Ignition} the product on
 * its machine, which its tests share one after the other ({@link #PRODUCT} is the lock), {@link Machine} a second machine
 * for tests of the library, which run beside them.
 */
final class World implements ParameterResolver {
    /** Names the lock that every test class of the product holds. */
    static final String PRODUCT = "product";

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == Ignition.class || type == Machine.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        // What was stored last is closed first: the product before its machine.
        ExtensionContext.Store store = context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL);
        if (parameter.getParameter().getType() == Machine.class) {
            return store.computeIfAbsent("library", name -> Machine.start(name), Machine.class);
        }
        Machine machine = store.computeIfAbsent(PRODUCT, name -> Machine.start(name), Machine.class);
        return store.computeIfAbsent(Ignition.class, type -> new Ignition(machine), Ignition.class);
    }
}
