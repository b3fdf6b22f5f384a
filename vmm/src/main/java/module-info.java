import org.jspecify.annotations.NullMarked;

/** One virtual machine, as a library. */
@NullMarked
module cloud.ignition.vmm {
    requires static org.jspecify;
    requires cloud.ignition.linux;
}
