package cloud.ignition.e2e;

/** What a command left behind. */
record Result(int exitCode, String out, String err) {
    @Override
    public String toString() {
        return "exit code " + exitCode + "\n--- stdout\n" + out + "\n--- stderr\n" + err;
    }
}
