package cloud.ignition.vmm;

/**
 * Why a guest ended.
 *
 * @param kind the way it ended
 * @param reason one line for people
 */
public record MachineExit(Kind kind, String reason) {
    /** The ways a guest ends. */
    public enum Kind {
        /** An orderly power-off. */
        POWER_OFF,
        /** A reboot, a panic or a triple fault. */
        RESET,
        /** KVM could not go on, or the machine's own code failed. */
        FAILED
    }
}
