import org.jspecify.annotations.NullMarked;

/** Image reference to verified layers to root file system image. */
@NullMarked
module cloud.ignition.oci {
    requires static org.jspecify;
}
