package cloud.ignition.oci.registry;

import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** One GET over HTTP with time limits, and failures told as what they mean for a pull. */
final class Http implements AutoCloseable {
    private final Duration stall;
    /** Made by the first GET: to make one is to parse the host's certificates, too much for the start of a daemon. */
    private @Nullable HttpClient client;

    private boolean closed;

    /** @param stall how long a body may be silent */
    Http(Duration stall) {
        this.stall = stall;
    }

    private synchronized HttpClient client() {
        if (closed) {
            throw new ImageException(ImageException.Kind.HOST, "the pull was cancelled: this store is closed");
        }
        HttpClient made = client;
        if (made == null) {
            made = newClient();
            client = made;
        }
        return made;
    }

    private static HttpClient newClient() {
        return HttpClient.newBuilder()
                // Registries' answers are single bodies: nothing to gain from HTTP/2, and one state machine less.
                .version(HttpClient.Version.HTTP_1_1)
                // Redirects are followed by RegistryClient, which knows whom to show credentials.
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(Duration.ofSeconds(Limits.CONNECT_SECONDS))
                .build();
    }

    /**
     * Sends a GET. The body is a stream that the caller closes; it fails when nothing arrives for too long.
     *
     * @param what the registry and the thing asked for, for messages: "registry HOST for NAME"
     * @throws Transient when trying again may help
     * @throws ImageException when it will not
     */
    HttpResponse<InputStream> get(URI uri, Map<String, String> headers, String what) throws Transient {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(Duration.ofSeconds(Limits.ANSWER_SECONDS))
                .header("User-Agent", "ignition");
        headers.forEach(request::header);
        try {
            return client().send(
                            request.build(),
                            info -> HttpResponse.BodySubscribers.mapping(
                                    HttpResponse.BodySubscribers.ofInputStream(), body -> new StallGuard(body, stall)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Kind.HOST, "the pull was cancelled", e);
        } catch (IOException e) {
            throw failure(e, what);
        }
    }

    private static Transient failure(IOException e, String what) {
        String reach = "cannot reach " + what + ": ";
        if (has(e, UnresolvedAddressException.class) || has(e, UnknownHostException.class)) {
            throw unreachable(reach + "the host name is unknown; check the spelling", e);
        }
        if (has(e, HttpConnectTimeoutException.class)) {
            return new Transient(
                    unreachable(reach + "no answer within " + Limits.CONNECT_SECONDS + " s; check the network", e));
        }
        if (has(e, ConnectException.class)) {
            throw unreachable(reach + "connection refused; is it running?", e);
        }
        if (has(e, SSLException.class)) {
            throw unreachable(
                    reach + "TLS failed (" + e.getMessage() + "); only a loopback registry may do without", e);
        }
        if (has(e, HttpTimeoutException.class)) {
            return new Transient(unreachable(reach + "no answer within " + Limits.ANSWER_SECONDS + " s", e));
        }
        return new Transient(unreachable(reach + e.getMessage(), e));
    }

    private static ImageException unreachable(String message, Throwable cause) {
        return new ImageException(ImageException.Kind.UNREACHABLE, message, cause);
    }

    private static boolean has(Throwable e, Class<? extends Throwable> type) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (type.isInstance(t)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (client != null) {
            client.shutdownNow();
        }
    }
}
