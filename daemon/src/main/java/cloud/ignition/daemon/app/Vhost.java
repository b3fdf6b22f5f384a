package cloud.ignition.daemon.app;

/** Whether the host's kernel moves the guests' frames (vhost-net). */
public enum Vhost {
    /** Where this host has it and can guard what guests send. */
    AUTO,
    /** The daemon moves them, always. */
    OFF
}
