package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.doorbell.DoorbellState;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Every record that a snapshot is made of: it comes back as it was written, and its constructor refuses each component
 * that is wrong. The records are found by reflection, so one that is added, or gets a component, fails here until {@link
 * CorruptFields} says what is wrong for it and {@link Samples} has one.
 */
class StateRecordsTest {
    private static final Map<Class<?>, List<Record>> SAMPLES = samples();

    @Test
    void everyRecordHasASample() {
        Set<String> reachable = new TreeSet<>();
        reachable(MachineState.class, reachable);
        reachable(SnapshotManifest.class, reachable);
        Set<String> sampled = new TreeSet<>();
        SAMPLES.keySet().forEach(type -> sampled.add(type.getName()));
        assertThat(sampled).as("records with a sample in Samples").containsAll(reachable);
        assertThat(reachable).hasSizeGreaterThanOrEqualTo(18);
    }

    @Test
    void everyComponentOfEveryRecordHasItsCorruptions() {
        for (Class<?> type : SAMPLES.keySet()) {
            Set<String> components = new TreeSet<>();
            for (RecordComponent component : type.getRecordComponents()) {
                if (!component.getType().isRecord()) {
                    components.add(component.getName());
                }
            }
            Map<String, List<Object>> known = CorruptFields.of(type);
            assertThat(new TreeSet<>(known.keySet()))
                    .as("components of " + type.getSimpleName() + " in CorruptFields")
                    .isEqualTo(components);
        }
    }

    @Test
    void everyCorruptionIsRefusedInOneLine() throws ReflectiveOperationException {
        int tried = 0;
        for (Map.Entry<Class<?>, List<Record>> samples : SAMPLES.entrySet()) {
            Record sample = samples.getValue().getFirst();
            for (Map.Entry<String, List<Object>> wrong :
                    CorruptFields.of(samples.getKey()).entrySet()) {
                for (Object value : wrong.getValue()) {
                    Throwable thrown = construct(sample, wrong.getKey(), value);
                    String what = samples.getKey().getSimpleName() + "." + wrong.getKey() + " = " + value;
                    assertThat(thrown)
                            .as(what)
                            .isInstanceOfAny(CorruptStateException.class, IllegalArgumentException.class);
                    assertThat(thrown.getMessage()).as(what).isNotBlank().doesNotContain("\n");
                    tried++;
                }
            }
        }
        assertThat(tried).isGreaterThan(100);
    }

    @Test
    void everyRecordComesBackAsItWasWritten() throws ReflectiveOperationException {
        int tried = 0;
        for (Map.Entry<Class<?>, List<Record>> samples : SAMPLES.entrySet()) {
            Class<?> type = samples.getKey();
            if (Arrays.stream(type.getDeclaredMethods())
                    .noneMatch(m -> m.getName().equals("read") && m.getParameterTypes()[0] == StateReader.class)) {
                continue; // written by the record it is a part of
            }
            for (Record sample : samples.getValue()) {
                StateWriter out = new StateWriter();
                method(type, "write", StateWriter.class).invoke(sample, out);
                StateReader in = new StateReader(out.toByteArray());
                Object back = method(type, "read", StateReader.class).invoke(null, in);
                in.end();
                assertThat(same(back, sample)).as(type.getSimpleName()).isTrue();
                StateWriter again = new StateWriter();
                method(type, "write", StateWriter.class).invoke(back, again);
                assertThat(again.toByteArray()).isEqualTo(out.toByteArray());
                tried++;
            }
        }
        assertThat(tried).isGreaterThan(12);
    }

    @Test
    void severalVcpusThatDoNotStandAtTheDoorbellAreRefused() {
        DoorbellState elsewhere = new DoorbellState(0x1234, false);
        assertThat(at(elsewhere, Samples.machine(1)).doorbell()).isEqualTo(elsewhere);
        assertThatThrownBy(() -> at(elsewhere, Samples.machine(2)))
                .isInstanceOf(CorruptStateException.class)
                .hasMessage("2 vCPUs that do not stand at the doorbell");
    }

    private static MachineState at(DoorbellState doorbell, MachineState machine) {
        return new MachineState(machine.chips(), machine.vcpus(), machine.serial(), doorbell, machine.devices());
    }

    @Test
    void theWholeMachineComesBackAsItWasWritten() {
        MachineState machine = Samples.machine();
        byte[] bytes = machine.encode();
        MachineState back = MachineState.decode(bytes);
        assertThat(same(back, machine)).isTrue();
        assertThat(same(back, Samples.machine(1))).isFalse();
        assertThat(back.encode()).isEqualTo(bytes);
    }

    @Test
    void aStateCutOffAtAnyByteIsCorrupt() {
        byte[] bytes = Samples.machine().encode();
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> MachineState.decode(cut)).isInstanceOf(CorruptStateException.class);
        }
        assertThatThrownBy(() -> MachineState.decode(Arrays.copyOf(bytes, bytes.length + 1)))
                .isInstanceOf(CorruptStateException.class);
    }

    /** Behind the digest's back: a changed bit is corrupt or another valid state, and nothing worse. */
    @Test
    void aStateWithAnyBitFlippedIsCorruptOrAnotherOne() {
        byte[] bytes = Samples.machine(1).encode();
        int corrupt = 0;
        for (int bit = 0; bit < bytes.length * 8; bit += 7) { // every byte, and every bit of some
            byte[] flipped = bytes.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            try {
                byte[] back = MachineState.decode(flipped).encode();
                if (!Arrays.equals(back, flipped)) {
                    fail("bit " + bit + " is lost: two files are one state");
                }
            } catch (CorruptStateException e) {
                corrupt++;
            }
        }
        assertThat(corrupt).isGreaterThan(100);
    }

    // ---- reflection ----

    private static Map<Class<?>, List<Record>> samples() {
        Map<Class<?>, List<Record>> found = new LinkedHashMap<>();
        collect(Samples.machine(), found);
        collect(Samples.manifest(), found);
        found.remove(cloud.ignition.linux.kvm.Cpuid.Entry.class); // checked as a table by what holds it
        return found;
    }

    private static void collect(Object value, Map<Class<?>, List<Record>> found) {
        switch (value) {
            case Record record -> {
                found.computeIfAbsent(record.getClass(), _ -> new ArrayList<>()).add(record);
                for (RecordComponent component : record.getClass().getRecordComponents()) {
                    collect(value(record, component), found);
                }
            }
            case Collection<?> items -> items.forEach(item -> collect(item, found));
            case Map<?, ?> map -> map.values().forEach(item -> collect(item, found));
            default -> {}
        }
    }

    private static void reachable(Type type, Set<String> found) {
        if (type instanceof ParameterizedType generic) {
            for (Type argument : generic.getActualTypeArguments()) {
                reachable(argument, found);
            }
        } else if (type instanceof Class<?> named
                && named.isRecord()
                && named != cloud.ignition.linux.kvm.Cpuid.Entry.class
                && found.add(named.getName())) {
            for (RecordComponent component : named.getRecordComponents()) {
                reachable(component.getGenericType(), found);
            }
        }
    }

    private static Throwable construct(Record sample, String changed, Object value)
            throws ReflectiveOperationException {
        RecordComponent[] components = sample.getClass().getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = components[i].getName().equals(changed) ? value : value(sample, components[i]);
        }
        try {
            Object made = constructor(sample.getClass(), types).newInstance(values);
            return fail("accepted: " + made.getClass().getSimpleName() + "." + changed + " = " + value);
        } catch (InvocationTargetException e) {
            return e.getTargetException();
        }
    }

    /** Equality of all components, arrays by their bytes. */
    private static boolean same(@Nullable Object one, @Nullable Object other) {
        if (one instanceof byte[] bytes && other instanceof byte[] others) {
            return Arrays.equals(bytes, others);
        }
        if (one instanceof List<?> items && other instanceof List<?> others) {
            boolean all = items.size() == others.size();
            for (int i = 0; all && i < items.size(); i++) {
                all = same(items.get(i), others.get(i));
            }
            return all;
        }
        if (one instanceof Map<?, ?> map && other instanceof Map<?, ?> others) {
            return map.keySet().equals(others.keySet())
                    && map.keySet().stream().allMatch(key -> same(map.get(key), others.get(key)));
        }
        if (one instanceof Record && other != null && one.getClass() == other.getClass()) {
            return Arrays.stream(one.getClass().getRecordComponents())
                    .allMatch(component -> same(value(one, component), value(other, component)));
        }
        return Objects.equals(one, other);
    }

    private static Object value(Object record, RecordComponent component) {
        try {
            Method accessor = component.getAccessor();
            accessor.setAccessible(true); // of records that only their package sees
            return accessor.invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("a record's accessor", e);
        }
    }

    private static Constructor<?> constructor(Class<?> type, Class<?>... parameters) throws NoSuchMethodException {
        Constructor<?> constructor = type.getDeclaredConstructor(parameters);
        constructor.setAccessible(true);
        return constructor;
    }

    private static Method method(Class<?> type, String name, Class<?> parameter) throws NoSuchMethodException {
        Method method = type.getDeclaredMethod(name, parameter);
        method.setAccessible(true);
        return method;
    }
}
