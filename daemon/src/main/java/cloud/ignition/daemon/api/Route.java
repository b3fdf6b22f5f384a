package cloud.ignition.daemon.api;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One method and path of the API with what answers it.
 *
 * @param method HTTP method
 * @param path path segments; one beginning with {@code :} stands for any single segment
 * @param endpoint what answers
 */
record Route(String method, List<String> path, Endpoint endpoint) {

    /** Answers one kind of request; may block, any exception becomes an error answer. */
    @FunctionalInterface
    interface Endpoint {
        void handle(ApiRequest request, ApiResponse response);
    }

    /** Writes a route as in the documentation, such as {@code GET /v1/apps/:name}. */
    static Route of(String line, Endpoint endpoint) {
        String[] parts = line.split(" ", 2);
        return new Route(parts[0], segments(parts[1]), endpoint);
    }

    /** The values of the variable segments when the path fits. */
    Optional<Map<String, String>> match(List<String> segments) {
        if (segments.size() != path.size()) {
            return Optional.empty();
        }
        Map<String, String> variables = new HashMap<>();
        for (int i = 0; i < path.size(); i++) {
            String expected = path.get(i);
            if (expected.startsWith(":")) {
                variables.put(expected.substring(1), segments.get(i));
            } else if (!expected.equals(segments.get(i))) {
                return Optional.empty();
            }
        }
        return Optional.of(variables);
    }

    static List<String> segments(String path) {
        return List.of(path.substring(1).split("/", -1));
    }
}
