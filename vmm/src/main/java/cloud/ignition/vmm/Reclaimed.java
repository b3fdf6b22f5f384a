package cloud.ignition.vmm;

/**
 * Memory that a guest gave up, in bytes.
 *
 * @param balloonBytes what the guest says is in its balloon now
 * @param givenBackBytes free pages it reported and pages it put into the balloon since this machine was booted or restored,
 *     whether it had used them or not; it may use them again at any time
 * @param keptBytes the part of what it gave up that stayed in the host's memory, because the host refused or a limit was met
 */
public record Reclaimed(long balloonBytes, long givenBackBytes, long keptBytes) {
    /** Of a guest that gave up nothing. */
    public static final Reclaimed NOTHING = new Reclaimed(0, 0, 0);
}
