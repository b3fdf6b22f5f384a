package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.IdlePolicy;
import cloud.ignition.daemon.app.NetLimit;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.daemon.app.PortMapping;
import cloud.ignition.daemon.app.SnapshotTrigger;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;

/** An {@link AppSpec} as JSON, in both directions. Ranges are the spec's own business. */
final class AppSpecJson {
    private AppSpecJson() {}

    static AppSpec read(ObjectNode json) {
        Fields fields = new Fields(json);
        String image = fields.requiredText("image");
        AppSpec defaults = AppSpec.of("", image);
        String name = fields.text("name").orElse(defaults.name());
        int vcpus = toInt("vcpus", fields.integer("vcpus").orElse(defaults.vcpus()));
        long memoryBytes = fields.integer("memoryBytes").orElse(defaults.memoryBytes());
        CpuLimit cpu = new CpuLimit(
                toInt("cpuLimitMilliCpus", fields.integer("cpuLimitMilliCpus").orElse(0)));
        NetLimit net = new NetLimit(
                fields.integer("netBytesPerSecond").orElse(0),
                fields.integer("netPacketsPerSecond").orElse(0));
        List<PortMapping> ports =
                fields.texts("ports").stream().map(PortMapping::parse).toList();
        List<String> env = fields.texts("env");
        List<String> command = fields.texts("command");
        var entrypoint = fields.text("entrypoint");
        var user = fields.text("user");
        var workdir = fields.text("workdir");
        SnapshotTrigger trigger =
                fields.text("snapshot").map(SnapshotTrigger::parse).orElse(defaults.trigger());
        IdlePolicy idle = new IdlePolicy(
                millis(fields, "idleMillis", defaults.idle().after()),
                millis(fields, "standbyMillis", defaults.idle().standby()),
                fields.text("onIdle").map(OnIdle::parse).orElse(defaults.idle().then()));
        boolean pullAlways = pull(fields.text("pull").orElse("missing"));
        fields.refuseOthers();
        return new AppSpec(
                name,
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
                idle,
                pullAlways);
    }

    static ObjectNode write(AppSpec spec) {
        ObjectNode json = Json.object();
        json.put("name", spec.name());
        json.put("image", spec.image());
        json.put("vcpus", spec.vcpus());
        json.put("memoryBytes", spec.memoryBytes());
        json.put("cpuLimitMilliCpus", spec.cpu().milliCpus());
        json.put("netBytesPerSecond", spec.net().bytesPerSecond());
        json.put("netPacketsPerSecond", spec.net().packetsPerSecond());
        texts(
                json.putArray("ports"),
                spec.ports().stream().map(PortMapping::toString).toList());
        texts(json.putArray("env"), spec.env());
        texts(json.putArray("command"), spec.command());
        spec.entrypoint().ifPresent(value -> json.put("entrypoint", value));
        spec.user().ifPresent(value -> json.put("user", value));
        spec.workdir().ifPresent(value -> json.put("workdir", value));
        json.put("snapshot", spec.trigger().toString());
        json.put("onIdle", spec.idle().then().word());
        json.put("idleMillis", spec.idle().after().toMillis());
        json.put("standbyMillis", spec.idle().standby().toMillis());
        json.put("pull", spec.pullAlways() ? "always" : "missing");
        return json;
    }

    private static Duration millis(Fields fields, String name, Duration otherwise) {
        return Duration.ofMillis(fields.integer(name).orElse(otherwise.toMillis()));
    }

    private static boolean pull(String policy) {
        return switch (policy) {
            case "always" -> true;
            case "missing" -> false;
            default -> throw ApiException.badRequest("pull '" + policy + "' is unknown; use always or missing");
        };
    }

    private static int toInt(String name, long value) {
        if (value < Integer.MIN_VALUE || value > Integer.MAX_VALUE) {
            throw ApiException.badRequest("field '" + name + "' is out of range: " + value);
        }
        return (int) value;
    }

    private static void texts(ArrayNode array, List<String> texts) {
        texts.forEach(array::add);
    }
}
