package cloud.ignition.linux;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The one door to native code: turns a C function into a method handle that returns its result or {@code -errno}.
 *
 * <p>Every handle of the module is made here and is a {@code static final} of {@link LibC}, so the JIT compiles the whole chain
 * (capture, call, conversion) into the call site. Whoever wants to see or fail calls wraps the handle here, once, when it is made;
 * call sites stay as they are and a process without that wrapper pays nothing.
 *
 * <p>{@link Linker.Option#critical} is never used: it would stop the whole JVM for as long as a call blocks.
 */
final class Downcall {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBC = LINKER.defaultLookup();
    private static final VarHandle ERRNO =
            Linker.Option.captureStateLayout().varHandle(PathElement.groupElement("errno"));
    private static final MethodHandle ERRNO_SEGMENT;
    private static final MethodHandle INT_RESULT;
    private static final MethodHandle LONG_RESULT;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            ERRNO_SEGMENT =
                    lookup.findStatic(Downcall.class, "errnoSegment", MethodType.methodType(MemorySegment.class));
            INT_RESULT = lookup.findStatic(Downcall.class, "result", MethodType.methodType(int.class, int.class));
            LONG_RESULT = lookup.findStatic(Downcall.class, "result", MethodType.methodType(long.class, long.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private Downcall() {}

    /**
     * The function {@code name} with the convention of system calls: -1 means failure and becomes {@code -errno}.
     *
     * @param function returns int or long
     * @return a handle of exactly the function's own type
     */
    static MethodHandle systemCall(String name, FunctionDescriptor function, Linker.Option... options) {
        Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
        all[options.length] = Linker.Option.captureCallState("errno");
        MethodHandle raw = LINKER.downcallHandle(address(name), function, all);
        MethodHandle captured = MethodHandles.collectArguments(raw, 0, ERRNO_SEGMENT);
        MethodHandle convert = captured.type().returnType() == int.class ? INT_RESULT : LONG_RESULT;
        return MethodHandles.filterReturnValue(captured, convert);
    }

    /** The function {@code name} as it is, for functions that do not report errors through errno. */
    static MethodHandle plain(String name, FunctionDescriptor function) {
        return LINKER.downcallHandle(address(name), function);
    }

    /** Where the function {@code name} is in this process. */
    static MemorySegment address(String name) {
        return LIBC.find(name).orElseThrow(() -> new UnsatisfiedLinkError("the C library has no function " + name));
    }

    /** What a call site does with a throwable of {@code invokeExact}: all of them are our bugs. */
    static RuntimeException bug(Throwable t) {
        if (t instanceof RuntimeException e) {
            return e;
        }
        if (t instanceof Error e) {
            throw e;
        }
        return new IllegalStateException(t);
    }

    @SuppressWarnings("UnusedMethod") // through ERRNO_SEGMENT
    private static MemorySegment errnoSegment() {
        return CallScratch.current().errno;
    }

    @SuppressWarnings("UnusedMethod") // through INT_RESULT
    private static int result(int r) {
        return r == -1 ? -capturedErrno() : r;
    }

    @SuppressWarnings("UnusedMethod") // through LONG_RESULT
    private static long result(long r) {
        return r == -1 ? -capturedErrno() : r;
    }

    private static int capturedErrno() {
        return (int) ERRNO.get(CallScratch.current().errno, 0L);
    }
}
