package cloud.ignition.vmm.shell;

import cloud.ignition.vmm.MachineShape;
import java.util.List;
import java.util.OptionalInt;

/**
 * All that a shell is made after; two machines with the same plan can have each other's shells.
 *
 * @param shape vCPUs and RAM
 * @param queues how many virtqueues each virtio device has, in the order of the devices
 * @param vhost the network card whose first two queues the host's kernel is to serve, by its place among the devices
 */
public record ShellPlan(MachineShape shape, List<Integer> queues, OptionalInt vhost) {
    /**
     * @throws IllegalArgumentException when there are more devices than places for them
     */
    public ShellPlan {
        queues = List.copyOf(queues);
        if (queues.size() > SlotEvents.MAX_SLOTS) {
            throw new IllegalArgumentException(
                    queues.size() + " devices, a machine has places for " + SlotEvents.MAX_SLOTS);
        }
    }

    /** Without the host's kernel. */
    public ShellPlan(MachineShape shape, List<Integer> queues) {
        this(shape, queues, OptionalInt.empty());
    }
}
