package cloud.ignition.daemon.api;

import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/** Errors that the HTTP server itself finds (malformed requests), in the API's form. */
final class JsonErrorHandler extends ErrorHandler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        int status = response.getStatus();
        String message = "HTTP request refused: " + HttpStatus.getMessage(status);
        byte[] body = Json.write(Json.object().put("code", "invalid").put("message", message));
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        Content.Sink.write(response, true, new String(body, StandardCharsets.UTF_8), callback);
        return true;
    }
}
