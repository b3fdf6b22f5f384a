package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.Applications;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.eclipse.jetty.http.HttpStatus;

/** {@code /v1/version} and {@code /v1/info}. */
final class SystemEndpoints {
    private static final int API_VERSION = 1;

    private final DaemonFacts facts;
    private final Applications applications;

    SystemEndpoints(DaemonFacts facts, Applications applications) {
        this.facts = facts;
        this.applications = applications;
    }

    List<Route> routes() {
        return List.of(Route.of("GET /v1/version", this::version), Route.of("GET /v1/info", this::info));
    }

    private void version(ApiRequest request, ApiResponse response) {
        request.refuseOtherQueries();
        response.json(
                HttpStatus.OK_200, Json.object().put("version", facts.version()).put("api", API_VERSION));
    }

    private void info(ApiRequest request, ApiResponse response) {
        request.refuseOtherQueries();
        ObjectNode json = Json.object();
        json.put("version", facts.version());
        json.put("api", API_VERSION);
        json.put("pid", ProcessHandle.current().pid());
        json.put("java", Runtime.version().toString());
        json.put("startedAt", facts.startedAt().toString());
        json.put("stateDirectory", facts.stateDirectory().toString());
        json.put("network", facts.network());
        ObjectNode states = json.putObject("apps");
        for (AppView app : applications.list()) {
            String word = app.state().word();
            states.put(word, states.path(word).asInt() + 1);
        }
        response.json(HttpStatus.OK_200, json);
    }
}
