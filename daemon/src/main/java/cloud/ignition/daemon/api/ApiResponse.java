package cloud.ignition.daemon.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Response;

/** An answer as the endpoints see it: one JSON document, nothing, or a stream of events. */
final class ApiResponse {
    private final Response response;
    private final EventStream events;

    ApiResponse(Response response) {
        this.response = response;
        this.events = new EventStream(this::openStream);
    }

    /** Answers with one document. */
    void json(int status, JsonNode node) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        byte[] bytes = Json.write(node);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
        try (OutputStream out = Content.Sink.asOutputStream(response)) {
            out.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Answers with success and no content. */
    void nothing() {
        response.setStatus(HttpStatus.NO_CONTENT_204);
    }

    /** The stream of events; nothing is sent before the first event, so an early failure still gets its own status. */
    EventStream events() {
        return events;
    }

    /** Answers with an error: as a document, or as the last event of a stream that has begun. */
    void error(ApiException error) {
        ObjectNode body = Json.object().put("code", error.code()).put("message", error.getMessage());
        if (events.isStarted()) {
            events.send(Json.object().put("event", "error").setAll(body));
            events.end();
        } else {
            json(error.status(), body);
        }
    }

    private OutputStream openStream() {
        response.setStatus(HttpStatus.OK_200);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/x-ndjson");
        return Content.Sink.asOutputStream(response);
    }
}
