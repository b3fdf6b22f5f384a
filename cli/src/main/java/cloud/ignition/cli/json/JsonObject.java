package cloud.ignition.cli.json;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A JSON object whose absent or odd fields read as empty: an older or newer daemon must not break the client. */
public final class JsonObject {
    private final Map<String, @Nullable Object> fields;

    /** An empty object to fill. */
    public JsonObject() {
        this(new LinkedHashMap<>());
    }

    JsonObject(Map<String, @Nullable Object> fields) {
        this.fields = fields;
    }

    /** Sets a field to a text, number, truth value, list or object. */
    public JsonObject put(String name, Object value) {
        fields.put(name, value);
        return this;
    }

    /** A text field; empty when absent. */
    public String text(String name) {
        return fields.get(name) instanceof String text ? text : "";
    }

    /** A number field; 0 when absent. */
    public long number(String name) {
        return fields.get(name) instanceof Number number ? number.longValue() : 0;
    }

    /** A number field. */
    public Optional<Long> optionalNumber(String name) {
        return fields.get(name) instanceof Number number ? Optional.of(number.longValue()) : Optional.empty();
    }

    /** A truth value; false when absent. */
    public boolean flag(String name) {
        return Boolean.TRUE.equals(fields.get(name));
    }

    /** An object field; an empty object when absent. */
    public JsonObject object(String name) {
        return fields.get(name) instanceof JsonObject object ? object : new JsonObject();
    }

    /** The objects in a list field. */
    public List<JsonObject> objects(String name) {
        return elements(name, JsonObject.class);
    }

    /** The texts in a list field. */
    public List<String> texts(String name) {
        return elements(name, String.class);
    }

    /** The fields in their order. */
    public Map<String, @Nullable Object> fields() {
        return Collections.unmodifiableMap(fields);
    }

    private <T> List<T> elements(String name, Class<T> type) {
        List<T> found = new ArrayList<>();
        if (fields.get(name) instanceof List<?> list) {
            for (Object element : list) {
                if (type.isInstance(element)) {
                    found.add(type.cast(element));
                }
            }
        }
        return found;
    }
}
