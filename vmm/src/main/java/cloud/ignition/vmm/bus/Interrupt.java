package cloud.ignition.vmm.bus;

/** An edge-triggered interrupt line. Raising it once too often is harmless, once too seldom is a hang. */
@FunctionalInterface
public interface Interrupt {
    /** Pulses the line. Any thread; never blocks. */
    void raise();
}
