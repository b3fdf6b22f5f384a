package cloud.ignition.cli.doctor;

/** The programs of the host that the daemon calls. */
final class Programs {
    private Programs() {}

    static Finding check(Host host, String name, String debianPackage, String purpose) {
        return host.program(name)
                .map(path -> Finding.ok(name, "found, for " + purpose))
                .orElseGet(() -> Finding.fail(
                        name, "not found, needed for " + purpose, "install it: apt-get install " + debianPackage));
    }
}
