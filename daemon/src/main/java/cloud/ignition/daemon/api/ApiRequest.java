package cloud.ignition.daemon.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Fields;

/** A request as the endpoints see it: path variables, checked query parameters, a bounded JSON body. */
final class ApiRequest {
    private final Request request;
    private final Map<String, String> variables;
    private final Fields query;
    private final Set<String> taken = new HashSet<>();

    ApiRequest(Request request, Map<String, String> variables) {
        this.request = request;
        this.variables = variables;
        this.query = extractQuery(request);
    }

    /** A variable segment of the path. */
    String variable(String name) {
        String value = variables.get(name);
        if (value == null) {
            throw new IllegalStateException("the route has no variable " + name);
        }
        return value;
    }

    /** A query parameter. */
    Optional<String> query(String name) {
        taken.add(name);
        return Optional.ofNullable(query.getValue(name));
    }

    /** A query parameter that is {@code true} or {@code false}; false when absent. */
    boolean queryFlag(String name) {
        return switch (query(name).orElse("false")) {
            case "true" -> true;
            case "false" -> false;
            default -> throw ApiException.badRequest("query parameter '" + name + "' must be true or false");
        };
    }

    /** A query parameter that is a whole number in the given range. */
    int queryInteger(String name, int otherwise, int least, int most) {
        Optional<String> text = query(name);
        if (text.isEmpty()) {
            return otherwise;
        }
        try {
            int value = Integer.parseInt(text.get());
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Said below, together with the range.
        }
        throw ApiException.badRequest("query parameter '" + name + "' must be a whole number from " + least + " to "
                + most + ", not '" + text.get() + "'");
    }

    /** Called after the last query parameter was taken: refuses the others. */
    void refuseOtherQueries() {
        for (String name : query.getNames()) {
            if (!taken.contains(name)) {
                throw ApiException.badRequest("query parameter '" + name + "' is unknown here");
            }
        }
    }

    /** The body, which must be a JSON object. */
    ObjectNode body() {
        return Json.readObject(bytes());
    }

    /** The body, or an empty object when there is none. */
    ObjectNode bodyOrEmpty() {
        byte[] bytes = bytes();
        return bytes.length == 0 ? Json.object() : Json.readObject(bytes);
    }

    private byte[] bytes() {
        if (request.getLength() > ApiLimits.BODY_BYTES) {
            throw ApiException.tooLarge();
        }
        try (InputStream in = Content.Source.asInputStream(request)) {
            byte[] bytes = in.readNBytes(ApiLimits.BODY_BYTES + 1);
            if (bytes.length > ApiLimits.BODY_BYTES) {
                throw ApiException.tooLarge();
            }
            return bytes;
        } catch (IOException e) {
            throw ApiException.badRequest("the request body ended early");
        }
    }

    private static Fields extractQuery(Request request) {
        try {
            return Request.extractQueryParameters(request);
        } catch (RuntimeException e) {
            throw ApiException.badRequest("the query is malformed");
        }
    }
}
