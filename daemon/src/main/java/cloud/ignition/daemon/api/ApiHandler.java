package cloud.ignition.daemon.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Finds the route of a request, runs it on the calling (virtual) thread and turns its failure into an answer. */
final class ApiHandler extends Handler.Abstract {
    private static final System.Logger LOG = System.getLogger(ApiHandler.class.getName());

    private final List<Route> routes;

    ApiHandler(List<Route> routes) {
        super(InvocationType.BLOCKING);
        this.routes = List.copyOf(routes);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        // A run or a followed log may be silent for long: only connections without a request time out.
        request.addIdleTimeoutListener(timeout -> false);
        ApiResponse answer = new ApiResponse(response);
        try {
            dispatch(request, response, answer);
        } catch (RuntimeException failure) {
            refuse(request, response, answer, failure);
        }
        callback.succeeded();
        return true;
    }

    private void dispatch(Request request, Response response, ApiResponse answer) {
        String path = Request.getPathInContext(request);
        List<String> segments = Route.segments(path);
        List<String> allowed = new ArrayList<>();
        for (Route route : routes) {
            Optional<Map<String, String>> variables = route.match(segments);
            if (variables.isPresent() && route.method().equals(request.getMethod())) {
                route.endpoint().handle(new ApiRequest(request, variables.get()), answer);
                return;
            }
            variables.ifPresent(v -> allowed.add(route.method()));
        }
        if (allowed.isEmpty()) {
            throw ApiException.noSuchPath(path);
        }
        response.getHeaders().put(HttpHeader.ALLOW, String.join(", ", allowed));
        throw ApiException.wrongMethod(request.getMethod(), path, String.join(" or ", allowed));
    }

    private static void refuse(Request request, Response response, ApiResponse answer, RuntimeException failure) {
        ApiException error = ApiException.of(failure);
        String what = request.getMethod() + " " + request.getHttpURI().getPath();
        if (error.code().equals("internal")) {
            LOG.log(System.Logger.Level.ERROR, "api: " + what + " failed", failure);
        } else {
            LOG.log(System.Logger.Level.INFO, "api: {0}: {1}", what, error.getMessage());
        }
        if (response.isCommitted() && !answer.events().isStarted()) {
            return;
        }
        try {
            answer.error(error);
        } catch (RuntimeException gone) {
            LOG.log(System.Logger.Level.DEBUG, "api: the client left before its answer", gone);
        }
    }
}
