package cloud.ignition.vmm;

/**
 * The guest wrote something that no correct driver writes.
 *
 * <p>Thrown while a guest-written structure is parsed; the device it was written for stops and asks to be reset, the
 * machine goes on. It carries no stack trace: a guest that lies in a loop must not buy itself expensive exceptions.
 */
public class GuestLieException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message one line that names the structure and the value */
    public GuestLieException(String message) {
        super(message, null, false, false);
    }
}
