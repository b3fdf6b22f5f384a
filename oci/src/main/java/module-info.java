import org.jspecify.annotations.NullMarked;

/** Image reference to verified layers to root file system image. */
@NullMarked
module cloud.ignition.oci {
    requires com.fasterxml.jackson.databind;
    requires com.github.luben.zstd_jni;
    requires java.net.http;
    requires static org.jspecify;

    exports cloud.ignition.oci;
}
