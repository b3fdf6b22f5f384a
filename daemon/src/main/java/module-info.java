import org.jspecify.annotations.NullMarked;

/** Many applications: sleep and wake, host network, images, HTTP API, state on disk. */
@NullMarked
module cloud.ignition.daemon {
    requires static org.jspecify;
    requires cloud.ignition.linux;
    requires cloud.ignition.vmm;
    requires cloud.ignition.oci;
    requires com.fasterxml.jackson.databind;
    requires org.eclipse.jetty.server;
    requires org.eclipse.jetty.unixdomain.server;
    requires java.logging;

    exports cloud.ignition.daemon to
            java.logging;
    exports cloud.ignition.daemon.app;

    opens cloud.ignition.daemon.app to
            com.fasterxml.jackson.databind;
}
