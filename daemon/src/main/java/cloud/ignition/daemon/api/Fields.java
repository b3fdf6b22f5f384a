package cloud.ignition.daemon.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Takes the fields of a request object one by one; a field nobody took is refused, so a typo is never ignored. */
final class Fields {
    private final ObjectNode object;
    private final Set<String> taken = new HashSet<>();

    Fields(ObjectNode object) {
        this.object = object;
    }

    /** A text that must be there. */
    String requiredText(String name) {
        return text(name).orElseThrow(() -> ApiException.badRequest("field '" + name + "' is missing"));
    }

    /** A text, empty when the field is absent or null. */
    Optional<String> text(String name) {
        return take(name).map(node -> {
            if (!node.isTextual()) {
                throw wrongType(name, "a text");
            }
            return node.textValue();
        });
    }

    /** A list of texts, empty when the field is absent or null. */
    List<String> texts(String name) {
        Optional<JsonNode> node = take(name);
        if (node.isEmpty()) {
            return List.of();
        }
        if (!node.get().isArray()) {
            throw wrongType(name, "a list of texts");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode element : node.get()) {
            if (!element.isTextual()) {
                throw wrongType(name, "a list of texts");
            }
            texts.add(element.textValue());
        }
        return texts;
    }

    /** A whole number, empty when the field is absent or null. */
    OptionalLong integer(String name) {
        Optional<JsonNode> node = take(name);
        if (node.isEmpty()) {
            return OptionalLong.empty();
        }
        if (!node.get().isIntegralNumber() || !node.get().canConvertToLong()) {
            throw wrongType(name, "a whole number");
        }
        return OptionalLong.of(node.get().longValue());
    }

    /** True or false; false when the field is absent or null. */
    boolean flag(String name) {
        return take(name)
                .map(node -> {
                    if (!node.isBoolean()) {
                        throw wrongType(name, "true or false");
                    }
                    return node.booleanValue();
                })
                .orElse(false);
    }

    /** Called last: refuses what nobody took. */
    void refuseOthers() {
        for (var property : object.properties()) {
            if (!taken.contains(property.getKey())) {
                throw ApiException.badRequest("field '" + property.getKey() + "' is unknown; known here: "
                        + String.join(", ", taken.stream().sorted().toList()));
            }
        }
    }

    private Optional<JsonNode> take(String name) {
        taken.add(name);
        return Optional.ofNullable(object.get(name)).filter(node -> !node.isNull());
    }

    private static ApiException wrongType(String name, String expected) {
        return ApiException.badRequest("field '" + name + "' must be " + expected);
    }
}
