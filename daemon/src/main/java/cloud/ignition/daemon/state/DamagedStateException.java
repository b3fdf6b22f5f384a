package cloud.ignition.daemon.state;

/** A file of the state directory cannot be what a daemon wrote. The message is one line naming the file and the defect. */
public final class DamagedStateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With the file and the defect in the message. */
    public DamagedStateException(String message) {
        super(message);
    }
}
