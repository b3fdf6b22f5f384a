import org.jspecify.annotations.NullMarked;

/** Linux and KVM system calls over the foreign function interface; the only module with native access. */
@NullMarked
module cloud.ignition.linux {
    requires static org.jspecify;

    exports cloud.ignition.linux;
    exports cloud.ignition.linux.kvm;
}
