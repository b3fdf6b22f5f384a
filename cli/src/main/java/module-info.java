import org.jspecify.annotations.NullMarked;

/** The ignition command; speaks only the HTTP API. */
@NullMarked
module cloud.ignition.cli {
    requires static org.jspecify;
    requires com.fasterxml.jackson.core;
}
