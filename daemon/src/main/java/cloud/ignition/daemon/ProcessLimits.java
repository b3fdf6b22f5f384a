package cloud.ignition.daemon;

import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.ResourceLimit;

/** What the daemon asks of its own process's resource limits, getrlimit(2), before it makes the first machine. */
final class ProcessLimits {
    /**
     * Descriptors of one running app, counted generously: VM, up to 8 vCPUs, up to 6 devices with a line and up to 3 kicks each, event
     * loop, disks, tap, vhost-net and the tap's counters. A sleeping app has one, its tap.
     */
    static final int DESCRIPTORS_PER_APP = 56;

    private static final System.Logger LOG = System.getLogger(ProcessLimits.class.getName());

    private ProcessLimits() {}

    /**
     * Raises the limit of descriptors as far as it goes, and forbids core files: they would hold the memory of all guests. Says
     * what it finds; a limit is no reason not to start.
     */
    static void apply() {
        try {
            ResourceLimit.NOFILE.setSoft(ResourceLimit.NOFILE.hard());
            ResourceLimit.CORE.setSoft(0);
            long descriptors = ResourceLimit.NOFILE.soft();
            LOG.log(System.Logger.Level.INFO, describe(descriptors));
            if (ResourceLimit.AS.soft() != ResourceLimit.RLIM_INFINITY) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "the address space of the daemon is limited (ulimit -v): machines are refused when their memory does"
                                + " not fit into it");
            }
        } catch (LinuxException e) {
            LOG.log(System.Logger.Level.WARNING, "resource limits stay as they are: " + e.getMessage());
        }
    }

    /** One line about what a number of descriptors is good for. */
    static String describe(long descriptors) {
        return descriptors == ResourceLimit.RLIM_INFINITY
                ? "no limit of open descriptors"
                : Long.toUnsignedString(descriptors) + " open descriptors: enough for about "
                        + Long.divideUnsigned(descriptors, DESCRIPTORS_PER_APP) + " running apps (ulimit -Hn)";
    }
}
