package cloud.ignition.cli.doctor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** All checks of a host, in the order in which they should be mended. */
public final class Doctor {
    private Doctor() {}

    /** Looks at everything; never throws for what it finds. */
    public static List<Finding> examine(Host host, Path stateDirectory) {
        List<Finding> findings = new ArrayList<>(KvmChecks.run(host));
        findings.addAll(NetworkChecks.run(host));
        findings.add(CgroupCheck.run(host));
        findings.addAll(StorageChecks.run(host, stateDirectory));
        return findings;
    }
}
