package cloud.ignition.linux;

/** How much the host's scheduler gives to a thread, see setpriority(2): on Linux each thread has its own nice value. */
public final class ThreadPriority {
    private static final int PRIO_PROCESS = 0;
    private static final int CALLING_THREAD = 0;
    private static final int LOWEST = 19;

    private ThreadPriority() {}

    /**
     * Lets every other thread go before the calling one: for work that nobody waits for. Disks are told, too, where their
     * scheduler looks at the nice value (ioprio_set(2)).
     */
    public static void lowest() {
        LinuxException.check(LibC.setpriority(PRIO_PROCESS, CALLING_THREAD, LOWEST), "setpriority");
    }
}
