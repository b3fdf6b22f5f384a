package cloud.ignition.daemon.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.CharConversionException;
import java.io.IOException;

/** JSON text to tree and back, strict and bounded. */
final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(ApiLimits.JSON_DEPTH)
                            .maxDocumentLength(ApiLimits.BODY_BYTES)
                            .maxStringLength(ApiLimits.BODY_BYTES)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .build();

    private Json() {}

    /** A new empty object. */
    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** Reads one object. */
    static ObjectNode readObject(byte[] text) {
        JsonNode node;
        try (JsonParser parser = MAPPER.createParser(text)) {
            node = MAPPER.readTree(parser);
            if (node != null && parser.nextToken() != null) {
                throw ApiException.badRequest("the request body is not valid JSON: something follows the object");
            }
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr();
            throw ApiException.badRequest("the request body is not valid JSON" + where + ": " + firstLine(e));
        } catch (CharConversionException e) {
            // from bytes that look like UTF-16 or UTF-32; broken UTF-8 is a syntax error
            throw ApiException.badRequest("the request body is not valid JSON: it is not UTF-8");
        } catch (IOException e) {
            throw new IllegalStateException("reading JSON from memory", e);
        }
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw ApiException.badRequest("the request body must be a JSON object");
    }

    /** One line of JSON without a line end. */
    static byte[] write(JsonNode node) {
        try {
            return MAPPER.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("writing JSON to memory", e);
        }
    }

    private static String firstLine(JsonProcessingException e) {
        String message = e.getOriginalMessage();
        return message == null ? "syntax error" : message.lines().findFirst().orElse("syntax error");
    }
}
