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
        /** An orderly reboot, or a panic so early that the kernel could not tell it. */
        REBOOT,
        /** The kernel panicked. */
        PANIC,
        /** A vCPU met a fault that it could not even report to its kernel, and shut down. */
        TRIPLE_FAULT,
        /** KVM could not go on, or the machine's own code failed. */
        FAILED
    }
}
