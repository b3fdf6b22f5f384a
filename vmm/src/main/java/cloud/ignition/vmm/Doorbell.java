package cloud.ignition.vmm;

/**
 * One ring of the doorbell. All of it comes from the guest: shown and compared, never trusted.
 *
 * @param kind what happened
 * @param port the TCP port of a listen, else 0
 * @param pid the process that rang, in the guest's initial PID namespace
 * @param comm its command name, printable ASCII, 15 characters at most
 * @param atWork with {@link Kind#QUIESCED}, how many of the guest's user-space threads run, wait for a CPU or wait for a disk,
 *     unsigned; else 0
 */
public record Doorbell(Kind kind, int port, int pid, String comm, int atWork) {
    /** The events of docs/doorbell.md. */
    public enum Kind {
        /** A listen that the trigger waited for. */
        LISTEN('L'),
        /** The first wait on that listener. */
        ACCEPT('A'),
        /** A UDP bind that the trigger waited for. */
        BIND('B'),
        /** PID 1's first child got its program. */
        EXEC('E'),
        /** A process wrote to /dev/ignition. */
        MANUAL('M'),
        /** The answer to {@link MicroVm#requestQuiesce}. */
        QUIESCED('Q'),
        /** The guest powers off. */
        POWER_OFF('P'),
        /** The guest's kernel panicked; what it says about that is on its console. */
        PANIC('X');

        private final int letter;

        Kind(char letter) {
            this.letter = letter;
        }

        /** The byte that the guest writes. */
        public int letter() {
            return letter;
        }
    }
}
