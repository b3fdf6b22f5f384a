package cloud.ignition.linux;

/**
 * The host refused a system call.
 *
 * <p>The message is one line: call, thing, reason and the error's name, as in {@code open /dev/kvm: Permission denied (EACCES)}.
 */
public final class LinuxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int errno;

    /**
     * A refused call.
     *
     * @param call the call and what it was about, for example {@code open /dev/kvm}
     * @param errno the error's number, positive
     */
    public LinuxException(String call, int errno) {
        super(call + ": " + Errno.message(errno) + " (" + Errno.name(errno) + ")");
        this.call = call;
        this.errno = errno;
    }

    /** The call and what it was about, for example {@code open /dev/kvm}. */
    public String call() {
        return call;
    }

    /** The error's number, positive; one of {@link Errno}'s constants or another of the kernel's. */
    public int errno() {
        return errno;
    }

    /**
     * Passes a result through and turns {@code -errno} into an exception.
     *
     * @param result what a call returned: negative is {@code -errno}
     * @param call as in the constructor
     * @return the result, not negative
     */
    public static int check(int result, String call) {
        if (result < 0) {
            throw new LinuxException(call, -result);
        }
        return result;
    }
}
