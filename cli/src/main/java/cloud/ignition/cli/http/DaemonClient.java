package cloud.ignition.cli.http;

import cloud.ignition.cli.CliException;
import cloud.ignition.cli.Limits;
import cloud.ignition.cli.json.Json;
import cloud.ignition.cli.json.JsonObject;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The daemon's API ({@code docs/api.md}): JSON in, JSON out, its errors as {@link CliException}. */
public final class DaemonClient {
    private final UnixHttpClient http;

    /** A client of the daemon on the given socket; nothing is connected yet. */
    public DaemonClient(Path socket) {
        this.http = new UnixHttpClient(socket);
    }

    /** Where the daemon is expected. */
    public Path socket() {
        return http.socket();
    }

    /** Asks for a document. */
    public JsonObject get(String target) {
        return document("GET", target, new byte[0]);
    }

    /** Sends a document and takes the document that answers it. */
    public JsonObject post(String target, JsonObject body) {
        return document("POST", target, Json.write(body));
    }

    /** Removes something. */
    public void delete(String target) {
        document("DELETE", target, new byte[0]);
    }

    /** Asks for a stream of events and takes them as they come. */
    public void getEvents(String target, Consumer<JsonObject> sink) {
        events("GET", target, new byte[0], sink);
    }

    /**
     * Sends a document, tells the steps of the work as they come and gives the final event.
     *
     * @throws CliException when the stream ends with an error
     */
    public JsonObject postForResult(String target, JsonObject body, Consumer<JsonObject> steps) {
        @Nullable JsonObject[] done = new @Nullable JsonObject[1];
        events("POST", target, Json.write(body), event -> {
            if (event.text("event").equals("done")) {
                done[0] = event;
            } else {
                steps.accept(event);
            }
        });
        return Optional.ofNullable(done[0])
                .orElseThrow(() ->
                        CliException.failed("the daemon ended the connection before the work was done; see its log"));
    }

    /** Encodes a path segment or the value of a query parameter. */
    public static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private JsonObject document(String method, String target, byte[] body) {
        try (HttpResponse response = http.send(method, target, body)) {
            byte[] answer = response.readBody();
            if (response.status() == 204) {
                return new JsonObject();
            }
            JsonObject json = Json.readObject(answer);
            if (response.status() != 200) {
                throw error(json);
            }
            return json;
        } catch (IOException e) {
            throw broken(e);
        }
    }

    private void events(String method, String target, byte[] body, Consumer<JsonObject> sink) {
        try (HttpResponse response = http.send(method, target, body)) {
            if (response.status() != 200) {
                throw error(Json.readObject(response.readBody()));
            }
            Optional<byte[]> line = Lines.read(response.body(), Limits.EVENT_BYTES);
            while (line.isPresent()) {
                if (line.get().length > 0) {
                    JsonObject event = Json.readObject(line.get());
                    if (event.text("event").equals("error")) {
                        throw error(event);
                    }
                    sink.accept(event);
                }
                line = Lines.read(response.body(), Limits.EVENT_BYTES);
            }
        } catch (IOException e) {
            throw broken(e);
        }
    }

    private static CliException error(JsonObject json) {
        String message = json.text("message");
        return CliException.fromDaemon(
                json.text("code"), message.isEmpty() ? "the daemon refused without a reason" : message);
    }

    private CliException broken(IOException e) {
        if (e instanceof UnixHttpClient.ConnectFailedException) {
            boolean forbidden = String.valueOf(e.getMessage()).contains("Permission denied");
            String remedy = forbidden ? "run this as the daemon's user (root)" : "start it with: ignition daemon";
            return CliException.failed(
                    "cannot reach the daemon at " + socket() + ": " + e.getMessage() + "; " + remedy, e);
        }
        return CliException.failed("talking to the daemon at " + socket() + " failed: " + e.getMessage(), e);
    }
}
