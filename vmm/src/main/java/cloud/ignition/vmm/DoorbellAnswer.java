package cloud.ignition.vmm;

/** What becomes of a machine that rang. */
public enum DoorbellAnswer {
    /** The guest goes on at once. */
    CONTINUE,
    /** The machine pauses right behind the doorbell; {@link MicroVm#pause} then waits until that is so. */
    HOLD
}
