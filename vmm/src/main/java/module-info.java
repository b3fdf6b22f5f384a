import org.jspecify.annotations.NullMarked;

/** One virtual machine, as a library. */
@NullMarked
module cloud.ignition.vmm {
    requires static transitive org.jspecify;
    requires transitive cloud.ignition.linux;

    exports cloud.ignition.vmm;
}
