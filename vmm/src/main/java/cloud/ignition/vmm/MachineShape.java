package cloud.ignition.vmm;

/**
 * What the guest sees of its machine: how many vCPUs and how much RAM.
 *
 * @param vcpus number of vCPUs, 1 to {@link Limits#MAX_VCPUS}
 * @param memoryBytes RAM in bytes, a multiple of 2 MiB, {@link Limits#MIN_MEMORY_BYTES} to {@link
 *     Limits#MAX_MEMORY_BYTES}
 */
public record MachineShape(int vcpus, long memoryBytes) {
    private static final long MEMORY_STEP = 2L << 20;

    /**
     * @throws IllegalArgumentException when a number is outside its limits; the message names it
     */
    public MachineShape {
        if (vcpus < 1 || vcpus > Limits.MAX_VCPUS) {
            throw new IllegalArgumentException("vCPU count " + vcpus + " is not in 1.." + Limits.MAX_VCPUS);
        }
        if (memoryBytes < Limits.MIN_MEMORY_BYTES
                || memoryBytes > Limits.MAX_MEMORY_BYTES
                || memoryBytes % MEMORY_STEP != 0) {
            throw new IllegalArgumentException("memory of " + memoryBytes + " bytes is not a multiple of 2 MiB in "
                    + (Limits.MIN_MEMORY_BYTES >> 20) + ".." + (Limits.MAX_MEMORY_BYTES >> 20) + " MiB");
        }
    }
}
