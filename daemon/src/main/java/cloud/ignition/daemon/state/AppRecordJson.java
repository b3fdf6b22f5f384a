package cloud.ignition.daemon.state;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.GuestEnd;
import cloud.ignition.daemon.app.IdlePolicy;
import cloud.ignition.daemon.app.NetLimit;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.daemon.app.PortMapping;
import cloud.ignition.daemon.app.SnapshotTrigger;
import cloud.ignition.daemon.image.Launch;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@link AppRecord} as JSON, written out by hand so that the file's form does not hang on the classes' form. */
final class AppRecordJson {
    private static final int FORMAT = 1;
    private static final ObjectMapper MAPPER =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private AppRecordJson() {}

    static byte[] write(AppRecord app) {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("format", FORMAT);
        root.put("id", app.id());
        root.put("addressIndex", app.addressIndex());
        root.put("createdAt", app.createdAt().toString());
        root.put("phase", app.phase().name());
        root.put("phaseSince", app.phaseSince().toString());
        root.put("message", app.message());
        app.exitCode().ifPresent(code -> root.put("exitCode", code));
        app.ending().ifPresent(ending -> writeEnding(root.putObject("ending"), ending));
        root.put("kernelDigest", app.kernelDigest());
        root.put("wakes", app.wakes());
        root.put("coldBoots", app.coldBoots());
        writeSpec(root.putObject("spec"), app.spec());
        app.launch().ifPresent(launch -> writeLaunch(root.putObject("launch"), launch));
        try {
            String text = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root);
            return (text + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values cannot fail to be written", e);
        }
    }

    /** @throws DamagedStateException when the text is not a whole, valid record */
    static AppRecord read(Path file, byte[] json) {
        try {
            JsonNode root = MAPPER.readTree(json);
            if (root == null || !root.isObject()) {
                throw new IllegalArgumentException("it holds no JSON object");
            }
            int format = root.path("format").asInt();
            if (format != FORMAT) {
                throw new IllegalArgumentException("its format is " + format + ", this version reads " + FORMAT);
            }
            return new AppRecord(
                    text(root, "id"),
                    readSpec(object(root, "spec")),
                    Math.toIntExact(number(root, "addressIndex")),
                    Instant.parse(text(root, "createdAt")),
                    AppRecord.Phase.valueOf(text(root, "phase")),
                    Instant.parse(text(root, "phaseSince")),
                    text(root, "message"),
                    root.has("exitCode") ? Optional.of(Math.toIntExact(number(root, "exitCode"))) : Optional.empty(),
                    root.has("ending") ? Optional.of(readEnding(object(root, "ending"))) : Optional.empty(),
                    root.has("launch") ? Optional.of(readLaunch(object(root, "launch"))) : Optional.empty(),
                    text(root, "kernelDigest"),
                    number(root, "wakes"),
                    number(root, "coldBoots"));
        } catch (IOException | RuntimeException e) {
            String reason = e instanceof JsonProcessingException json2 ? json2.getOriginalMessage() : e.getMessage();
            throw new DamagedStateException(file + " is damaged: " + reason);
        }
    }

    private static void writeEnding(ObjectNode node, GuestEnd ending) {
        node.put("kind", ending.kind().word());
        writeTexts(node, "lastLines", ending.lastLines());
    }

    private static GuestEnd readEnding(JsonNode node) {
        return new GuestEnd(GuestEnd.Kind.of(text(node, "kind")), texts(node, "lastLines"));
    }

    private static void writeSpec(ObjectNode node, AppSpec spec) {
        node.put("name", spec.name());
        node.put("image", spec.image());
        node.put("vcpus", spec.vcpus());
        node.put("memoryBytes", spec.memoryBytes());
        node.put("cpuLimitMilliCpus", spec.cpu().milliCpus());
        node.put("netBytesPerSecond", spec.net().bytesPerSecond());
        node.put("netPacketsPerSecond", spec.net().packetsPerSecond());
        writeTexts(
                node, "ports", spec.ports().stream().map(PortMapping::toString).toList());
        writeTexts(node, "env", spec.env());
        writeTexts(node, "command", spec.command());
        spec.entrypoint().ifPresent(value -> node.put("entrypoint", value));
        spec.user().ifPresent(value -> node.put("user", value));
        spec.workdir().ifPresent(value -> node.put("workdir", value));
        node.put("trigger", spec.trigger().toString());
        node.put("onIdle", spec.idle().then().word());
        node.put("idleAfterMillis", spec.idle().after().toMillis());
        node.put("standbyMillis", spec.idle().standby().toMillis());
        node.put("pullAlways", spec.pullAlways());
    }

    private static AppSpec readSpec(JsonNode node) {
        return new AppSpec(
                text(node, "name"),
                text(node, "image"),
                Math.toIntExact(number(node, "vcpus")),
                number(node, "memoryBytes"),
                new CpuLimit(Math.toIntExact(numberOrZero(node, "cpuLimitMilliCpus"))),
                new NetLimit(numberOrZero(node, "netBytesPerSecond"), numberOrZero(node, "netPacketsPerSecond")),
                texts(node, "ports").stream().map(PortMapping::parse).toList(),
                texts(node, "env"),
                texts(node, "command"),
                optionalText(node, "entrypoint"),
                optionalText(node, "user"),
                optionalText(node, "workdir"),
                SnapshotTrigger.parse(text(node, "trigger")),
                new IdlePolicy(
                        Duration.ofMillis(number(node, "idleAfterMillis")),
                        Duration.ofMillis(numberOrZero(node, "standbyMillis")),
                        OnIdle.parse(text(node, "onIdle"))),
                node.path("pullAlways").asBoolean());
    }

    private static void writeLaunch(ObjectNode node, Launch launch) {
        node.put("imageDigest", launch.imageDigest());
        node.put("rootImage", launch.rootImage().toString());
        writeTexts(node, "arguments", launch.arguments());
        writeTexts(node, "env", launch.env());
        node.put("cwd", launch.cwd());
        node.put("user", launch.user());
        node.put("stopSignal", launch.stopSignal());
    }

    private static Launch readLaunch(JsonNode node) {
        return new Launch(
                text(node, "imageDigest"),
                Path.of(text(node, "rootImage")),
                texts(node, "arguments"),
                texts(node, "env"),
                text(node, "cwd"),
                text(node, "user"),
                Math.toIntExact(number(node, "stopSignal")));
    }

    private static void writeTexts(ObjectNode node, String key, List<String> texts) {
        var array = node.putArray(key);
        texts.forEach(array::add);
    }

    private static JsonNode object(JsonNode node, String key) {
        return expect(node, key, node.path(key).isObject());
    }

    private static String text(JsonNode node, String key) {
        return expect(node, key, node.path(key).isTextual()).textValue();
    }

    private static Optional<String> optionalText(JsonNode node, String key) {
        return node.has(key) ? Optional.of(text(node, key)) : Optional.empty();
    }

    private static long number(JsonNode node, String key) {
        return expect(
                        node,
                        key,
                        node.path(key).isIntegralNumber() && node.path(key).canConvertToLong())
                .longValue();
    }

    /** A number that records of the first versions lack. */
    private static long numberOrZero(JsonNode node, String key) {
        return node.has(key) ? number(node, key) : 0;
    }

    private static List<String> texts(JsonNode node, String key) {
        List<String> texts = new ArrayList<>();
        for (JsonNode element : expect(node, key, node.path(key).isArray())) {
            if (!element.isTextual()) {
                throw new IllegalArgumentException("'" + key + "' holds something that is not text");
            }
            texts.add(element.textValue());
        }
        return texts;
    }

    private static JsonNode expect(JsonNode node, String key, boolean present) {
        if (!present) {
            throw new IllegalArgumentException("'" + key + "' is missing or of the wrong type");
        }
        return node.path(key);
    }
}
