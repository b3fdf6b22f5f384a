package cloud.ignition.oci.registry;

import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.Limits;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Reads JSON of unknown origin: bounded nesting, no duplicate keys (two parsers must not see two documents), and
 * accessors that refuse a value of the wrong type instead of converting it. Null counts as absent, as Go's encoders
 * write it for empty lists.
 */
public final class Json {
    /** The one mapper; also for writing our own records. */
    public static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(Limits.MAX_JSON_DEPTH)
                            .maxStringLength(Limits.MAX_CONFIG_BYTES)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /**
     * Parses one object.
     *
     * @param bytes the document, already bounded by the caller
     * @param what its name for the error message
     * @throws ImageException of kind REFUSED when it is not a JSON object
     */
    public static JsonNode object(byte[] bytes, String what) {
        try {
            JsonNode node = MAPPER.readTree(bytes);
            if (node != null && node.isObject()) {
                return node;
            }
        } catch (IOException e) {
            throw new ImageException(ImageException.Kind.REFUSED, what + " is not valid JSON", e);
        }
        throw new ImageException(ImageException.Kind.REFUSED, what + " is not a JSON object");
    }

    /** The member, or a missing node when it is absent or null. */
    public static JsonNode member(JsonNode object, String name) {
        JsonNode value = object.get(name);
        return value == null || value.isNull() ? MissingNode.getInstance() : value;
    }

    /** The string member, empty when it is absent. */
    public static String text(JsonNode object, String name) {
        JsonNode value = member(object, name);
        return value.isMissingNode()
                ? ""
                : expect(value, JsonNodeType.STRING, name).textValue();
    }

    /** The integer member; refused when it is absent, no integer, or negative. */
    public static long size(JsonNode object, String name) {
        JsonNode value = member(object, name);
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
            throw refuse(name, "a size");
        }
        return value.longValue();
    }

    /** The elements of the array member, none when it is absent. */
    public static List<JsonNode> elements(JsonNode object, String name) {
        JsonNode value = member(object, name);
        if (value.isMissingNode()) {
            return List.of();
        }
        List<JsonNode> elements = new ArrayList<>();
        expect(value, JsonNodeType.ARRAY, name).forEach(elements::add);
        return elements;
    }

    /** The strings of the array member, none when it is absent. */
    public static List<String> texts(JsonNode object, String name) {
        List<String> texts = new ArrayList<>();
        for (JsonNode element : elements(object, name)) {
            texts.add(expect(element, JsonNodeType.STRING, name).textValue());
        }
        return texts;
    }

    /** The names of the members of the object member, none when it is absent. */
    public static Set<String> keys(JsonNode object, String name) {
        JsonNode value = member(object, name);
        Set<String> keys = new TreeSet<>();
        if (!value.isMissingNode()) {
            expect(value, JsonNodeType.OBJECT, name).fieldNames().forEachRemaining(keys::add);
        }
        return keys;
    }

    /** The object member as a map of strings, empty when it is absent. */
    public static Map<String, String> textMap(JsonNode object, String name) {
        Map<String, String> map = new LinkedHashMap<>();
        JsonNode value = member(object, name);
        for (String key : keys(object, name)) {
            map.put(key, text(value, key));
        }
        return map;
    }

    private static JsonNode expect(JsonNode value, JsonNodeType type, String name) {
        if (value.getNodeType() != type) {
            throw refuse(name, "of type " + type.name().toLowerCase(Locale.ROOT));
        }
        return value;
    }

    private static ImageException refuse(String name, String expected) {
        return new ImageException(
                ImageException.Kind.REFUSED, "the image's JSON is malformed: '" + name + "' is not " + expected);
    }
}
