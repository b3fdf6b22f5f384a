package cloud.ignition.cli.doctor;

/**
 * What one check found.
 *
 * @param status how bad it is
 * @param subject what was looked at
 * @param detail what was seen
 * @param remedy what to do about it; empty when nothing is to be done
 */
public record Finding(Status status, String subject, String detail, String remedy) {

    /** How bad a finding is. */
    public enum Status {
        /** As it should be. */
        OK("ok"),
        /** Works, but something will be missing or slow. */
        WARN("warn"),
        /** Applications cannot run. */
        FAIL("FAIL");

        private final String word;

        Status(String word) {
            this.word = word;
        }

        /** The word shown in front of the line. */
        public String word() {
            return word;
        }
    }

    static Finding ok(String subject, String detail) {
        return new Finding(Status.OK, subject, detail, "");
    }

    static Finding warn(String subject, String detail, String remedy) {
        return new Finding(Status.WARN, subject, detail, remedy);
    }

    static Finding fail(String subject, String detail, String remedy) {
        return new Finding(Status.FAIL, subject, detail, remedy);
    }
}
