package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import cloud.ignition.linux.fault.CallFilter;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The one door to native code: calls a C function with up to six integers or pointers, and turns -1 into {@code -errno}.
 *
 * <p>All functions go through one method handle of one shape, six {@code long} and a {@code long}: each shape more makes the JVM
 * spin some fifteen hidden classes at every start, which no start-up cache holds (docs/adr/0008). The x86-64 calling convention
 * allows it: integers and pointers travel in the same six registers, a callee reads only those it has parameters for, and of an
 * {@code int} only the lower half. A result of type {@code int} has an undefined upper half; {@link #call} drops it.
 *
 * <p>{@link Linker.Option#critical} is never used: it would stop the whole JVM for as long as a call blocks.
 */
final class Downcall {
    /** {@code open} and {@code ioctl} are variadic after two arguments; to other functions the difference does not matter. */
    private static final int FIRST_VARIADIC = 2;

    /** What {@link #address} found, for {@link CallFilter}; stays empty without one. */
    private static final Map<MemorySegment, String> NAMES = new ConcurrentHashMap<>();

    private static final MethodHandle FUNCTION;
    private static final long ERRNO = Linker.Option.captureStateLayout().byteOffset(PathElement.groupElement("errno"));

    static {
        FunctionDescriptor shape =
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        FUNCTION = Linker.nativeLinker()
                .downcallHandle(
                        shape, Linker.Option.captureCallState("errno"), Linker.Option.firstVariadicArg(FIRST_VARIADIC));
    }

    private Downcall() {}

    /** Where the C library's function {@code name} is in this process. */
    static MemorySegment address(String name) {
        SymbolLookup libc = Linker.nativeLinker().defaultLookup();
        MemorySegment function =
                libc.find(name).orElseThrow(() -> new UnsatisfiedLinkError("the C library has no function " + name));
        if (CallFilter.POSSIBLE) {
            NAMES.put(function, name);
        }
        return function;
    }

    /**
     * Calls a function that returns {@code int} and -1 on failure.
     *
     * @return its result, or {@code -errno}
     */
    static int call(MemorySegment function, long a, long b, long c, long d) {
        if (CallFilter.POSSIBLE) {
            int refusal = refusal(function, a);
            if (refusal != 0) {
                return -refusal;
            }
        }
        MemorySegment errno = CallScratch.current().errno;
        int r = (int) invoke(function, errno, a, b, c, d, 0, 0);
        return r == -1 ? -errno.get(JAVA_INT, ERRNO) : r;
    }

    /** As {@link #call}, for a function that returns {@code long}, {@code ssize_t} or a pointer. */
    static long callLong(MemorySegment function, long a, long b, long c, long d, long e, long f) {
        if (CallFilter.POSSIBLE) {
            int refusal = refusal(function, a);
            if (refusal != 0) {
                return -refusal;
            }
        }
        MemorySegment errno = CallScratch.current().errno;
        long r = invoke(function, errno, a, b, c, d, e, f);
        return r == -1 ? -errno.get(JAVA_INT, ERRNO) : r;
    }

    /** Calls a function that does not report errors through errno but, if at all, as its result, which is left as it is. */
    static long plain(MemorySegment function, long a, long b, long c) {
        if (CallFilter.POSSIBLE) {
            int refusal = refusal(function, a);
            if (refusal != 0) {
                return refusal;
            }
        }
        return invoke(function, CallScratch.current().errno, a, b, c, 0, 0, 0);
    }

    private static long invoke(
            MemorySegment function, MemorySegment errno, long a, long b, long c, long d, long e, long f) {
        try {
            return (long) FUNCTION.invokeExact(function, errno, a, b, c, d, e, f);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    /** 0 when the call may go on, else an error number. */
    private static int refusal(MemorySegment function, long a) {
        String name = NAMES.getOrDefault(function, "");
        int errno = CallFilter.refuse(name);
        if (errno != 0 && name.equals("close")) {
            invoke(function, CallScratch.current().errno, a, 0, 0, 0, 0, 0);
        }
        return errno;
    }

    private static RuntimeException bug(Throwable t) {
        if (t instanceof RuntimeException e) {
            return e;
        }
        if (t instanceof Error e) {
            throw e;
        }
        return new IllegalStateException(t);
    }
}
