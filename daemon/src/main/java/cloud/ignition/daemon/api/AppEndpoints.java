package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.AppNames;
import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.Applications;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.LogSink;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.UserException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpStatus;

/** {@code /v1/apps}. */
final class AppEndpoints {
    private static final Duration DEFAULT_GRACE = Duration.ofSeconds(10);

    private final Applications applications;
    private final BooleanSupplier closing;

    /**
     * @param applications what is asked
     * @param closing true once the daemon is ending: followed logs end then
     */
    AppEndpoints(Applications applications, BooleanSupplier closing) {
        this.applications = applications;
        this.closing = closing;
    }

    List<Route> routes() {
        return List.of(
                Route.of("GET /v1/apps", this::list),
                Route.of("POST /v1/apps", this::run),
                Route.of("GET /v1/apps/:name", this::inspect),
                Route.of("DELETE /v1/apps/:name", this::remove),
                Route.of("POST /v1/apps/:name/start", this::start),
                Route.of("POST /v1/apps/:name/stop", this::stop),
                Route.of("GET /v1/apps/:name/logs", this::logs));
    }

    private void list(ApiRequest request, ApiResponse response) {
        request.refuseOtherQueries();
        ObjectNode json = Json.object();
        ArrayNode apps = json.putArray("apps");
        applications.list().forEach(app -> apps.add(AppJson.app(app)));
        response.json(HttpStatus.OK_200, json);
    }

    private void run(ApiRequest request, ApiResponse response) {
        request.refuseOtherQueries();
        AppSpec spec = named(AppSpecJson.read(request.body()));
        EventStream events = response.events();
        done(events, applications.run(spec, progress(events, spec.name())));
    }

    private void inspect(ApiRequest request, ApiResponse response) {
        request.refuseOtherQueries();
        response.json(HttpStatus.OK_200, AppJson.app(applications.inspect(request.variable("name"))));
    }

    private void remove(ApiRequest request, ApiResponse response) {
        boolean force = request.queryFlag("force");
        request.refuseOtherQueries();
        applications.remove(request.variable("name"), force);
        response.nothing();
    }

    private void start(ApiRequest request, ApiResponse response) {
        request.refuseOtherQueries();
        new Fields(request.bodyOrEmpty()).refuseOthers();
        String name = request.variable("name");
        EventStream events = response.events();
        done(events, applications.start(name, progress(events, name)));
    }

    private void stop(ApiRequest request, ApiResponse response) {
        request.refuseOtherQueries();
        Fields fields = new Fields(request.bodyOrEmpty());
        long millis = fields.integer("graceMillis").orElse(DEFAULT_GRACE.toMillis());
        fields.refuseOthers();
        if (millis < 0 || millis > ApiLimits.LONGEST_GRACE.toMillis()) {
            throw ApiException.badRequest(
                    "field 'graceMillis' must be from 0 to " + ApiLimits.LONGEST_GRACE.toMillis() + ", not " + millis);
        }
        AppView stopped = applications.stop(request.variable("name"), Duration.ofMillis(millis));
        response.json(HttpStatus.OK_200, AppJson.app(stopped));
    }

    private void logs(ApiRequest request, ApiResponse response) {
        boolean follow = request.queryFlag("follow");
        int tail = request.queryInteger("tail", -1, 0, ApiLimits.TAIL_LINES);
        request.refuseOtherQueries();
        String name = request.variable("name");
        EventStream events = response.events();
        applications.logs(name, follow, tail, new LogSink() {
            @Override
            public void line(LogLine line) {
                events.send(AppJson.logLine(line));
            }

            @Override
            public boolean isOpen() {
                return !closing.getAsBoolean() && events.isOpen() && !hasEnded(name);
            }
        });
        events.end();
    }

    private boolean hasEnded(String name) {
        try {
            AppState state = applications.inspect(name).state();
            return state == AppState.EXITED || state == AppState.STOPPED || state == AppState.FAILED;
        } catch (UserException removed) {
            return true;
        }
    }

    /** The name is chosen here and not deeper down so that the very first event can tell it. */
    private AppSpec named(AppSpec spec) {
        if (!spec.name().isEmpty()) {
            return spec;
        }
        Set<String> taken = applications.list().stream().map(AppView::name).collect(Collectors.toSet());
        return spec.withName(AppNames.generate(ThreadLocalRandom.current(), taken::contains));
    }

    private static Progress progress(EventStream events, String name) {
        return message ->
                events.send(Json.object().put("event", "step").put("app", name).put("message", message));
    }

    private static void done(EventStream events, AppView view) {
        ObjectNode event = Json.object().put("event", "done");
        event.set("app", AppJson.app(view));
        events.send(event);
        events.end();
    }
}
