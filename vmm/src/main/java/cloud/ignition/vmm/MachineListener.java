package cloud.ignition.vmm;

/**
 * What a machine tells its owner. Called on the machine's own threads: an implementation returns fast and never calls
 * {@link MicroVm#pause}, {@link MicroVm#save} or {@link MicroVm#close} from within. What it does not implement is not heard.
 */
public interface MachineListener {
    /**
     * The guest rang the doorbell and its vCPU stands right behind the instruction.
     *
     * @return whether the guest goes on or the machine becomes paused there
     */
    DoorbellAnswer onDoorbell(Doorbell doorbell);

    /** Bytes that the guest wrote to its virtio console. */
    default void onConsole(byte[] bytes) {}

    /** One line of the kernel's serial console, without its line end. */
    default void onKernelMessage(String line) {}

    /** The guest is at its end; no vCPU runs any more. Called once. */
    void onExit(MachineExit exit);

    /** A device met a driver that broke the protocol and now waits for a reset; called once per reset. */
    default void onDeviceFailure(String device, String reason) {}
}
