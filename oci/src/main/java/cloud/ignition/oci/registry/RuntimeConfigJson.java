package cloud.ignition.oci.registry;

import cloud.ignition.oci.RuntimeConfig;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A {@link RuntimeConfig} from and to the {@code config} object of the OCI image configuration. */
public final class RuntimeConfigJson {
    private RuntimeConfigJson() {}

    /**
     * Reads the object.
     *
     * @param config the object; a missing one means an image that says nothing
     * @throws cloud.ignition.oci.ImageException of kind REFUSED when it is malformed or beyond a limit
     */
    public static RuntimeConfig read(JsonNode config) {
        String stopSignal = Json.text(config, "StopSignal");
        String workingDir = Json.text(config, "WorkingDir");
        // Builders write absolute paths; a relative one can only be meant from the root.
        if (!workingDir.startsWith("/")) {
            workingDir = "/" + workingDir;
        }
        // An entry without '=' asks a container engine to unset what it never set.
        List<String> env = Json.texts(config, "Env").stream()
                .filter(e -> e.indexOf('=') > 0)
                .toList();
        Set<String> ports = new TreeSet<>();
        for (String port : Json.keys(config, "ExposedPorts")) {
            ports.add(port.indexOf('/') < 0 ? port + "/tcp" : port);
        }
        return new RuntimeConfig(
                Json.texts(config, "Entrypoint"),
                Json.texts(config, "Cmd"),
                env,
                workingDir,
                Json.text(config, "User"),
                ports,
                stopSignal.isEmpty() ? Signals.DEFAULT_STOP : Signals.number(stopSignal),
                Json.textMap(config, "Labels"),
                Json.keys(config, "Volumes"));
    }

    /** Writes the object so that {@link #read(JsonNode)} gives an equal one. */
    public static ObjectNode write(RuntimeConfig config) {
        ObjectNode node = Json.MAPPER.createObjectNode();
        array(node, "Entrypoint", config.entrypoint());
        array(node, "Cmd", config.cmd());
        array(node, "Env", config.env());
        node.put("WorkingDir", config.workingDir());
        node.put("User", config.user());
        set(node, "ExposedPorts", config.exposedPorts());
        node.put("StopSignal", Integer.toString(config.stopSignal()));
        ObjectNode labels = node.putObject("Labels");
        new TreeMap<>(config.labels()).forEach(labels::put);
        set(node, "Volumes", config.volumes());
        return node;
    }

    private static void array(ObjectNode node, String name, Collection<String> values) {
        values.forEach(node.putArray(name)::add);
    }

    private static void set(ObjectNode node, String name, Collection<String> values) {
        ObjectNode members = node.putObject(name);
        values.forEach(members::putObject);
    }
}
