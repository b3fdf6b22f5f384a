package cloud.ignition.daemon.app;

import java.util.List;
import java.util.Optional;

/**
 * What the user wants to run.
 *
 * @param name the app's name; empty for a generated one
 * @param image image reference as given
 * @param vcpus number of vCPUs
 * @param memoryBytes guest memory in bytes, a multiple of 2 MiB
 * @param cpu what its vCPUs may use of the host's CPUs
 * @param net what its network may carry
 * @param ports published ports
 * @param env environment variables {@code K=V} on top of the image's
 * @param command replaces the image's Cmd; empty for the image's
 * @param entrypoint replaces the image's Entrypoint and drops its Cmd
 * @param user OCI user string in place of the image's
 * @param workdir absolute working directory in place of the image's
 * @param trigger when the ready snapshot is taken
 * @param idle what happens without traffic and work
 * @param pullAlways ask the registry even when the image is present
 */
public record AppSpec(
        String name,
        String image,
        int vcpus,
        long memoryBytes,
        CpuLimit cpu,
        NetLimit net,
        List<PortMapping> ports,
        List<String> env,
        List<String> command,
        Optional<String> entrypoint,
        Optional<String> user,
        Optional<String> workdir,
        SnapshotTrigger trigger,
        IdlePolicy idle,
        boolean pullAlways) {

    /** Memory of an app when the user gives none, in bytes. */
    public static final long DEFAULT_MEMORY_BYTES = 256L << 20;

    /** Validates everything that can be judged without the host. */
    public AppSpec {
        ports = List.copyOf(ports);
        env = List.copyOf(env);
        command = List.copyOf(command);
        AppSpecRules.check(name, image, vcpus, memoryBytes, ports, env, command, entrypoint, user, workdir);
    }

    /** The same with defaults: 1 vCPU, default memory and idle time, first-listen, suspend. */
    public static AppSpec of(String name, String image) {
        return new AppSpec(
                name,
                image,
                1,
                DEFAULT_MEMORY_BYTES,
                CpuLimit.NONE,
                NetLimit.NONE,
                List.of(),
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                SnapshotTrigger.FIRST_LISTEN,
                IdlePolicy.DEFAULT,
                false);
    }

    /** The same under another name. */
    public AppSpec withName(String other) {
        return with(other, idle);
    }

    /** The same with another idle policy. */
    public AppSpec withIdle(IdlePolicy other) {
        return with(name, other);
    }

    private AppSpec with(String itsName, IdlePolicy itsIdle) {
        return new AppSpec(
                itsName,
                image,
                vcpus,
                memoryBytes,
                cpu,
                net,
                ports,
                env,
                command,
                entrypoint,
                user,
                workdir,
                trigger,
                itsIdle,
                pullAlways);
    }
}
