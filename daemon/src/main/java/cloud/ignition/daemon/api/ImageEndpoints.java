package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.ImageView;
import cloud.ignition.daemon.app.Images;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.eclipse.jetty.http.HttpStatus;

/** {@code /v1/images}. A reference contains slashes, so it is a parameter and not a path segment. */
final class ImageEndpoints {
    private final Images images;

    ImageEndpoints(Images images) {
        this.images = images;
    }

    List<Route> routes() {
        return List.of(
                Route.of("GET /v1/images", this::list),
                Route.of("POST /v1/images/pull", this::pull),
                Route.of("DELETE /v1/images", this::remove));
    }

    private void list(ApiRequest request, ApiResponse response) {
        request.refuseOtherQueries();
        ObjectNode json = Json.object();
        ArrayNode array = json.putArray("images");
        images.list().forEach(image -> array.add(AppJson.image(image)));
        response.json(HttpStatus.OK_200, json);
    }

    private void pull(ApiRequest request, ApiResponse response) {
        request.refuseOtherQueries();
        Fields fields = new Fields(request.body());
        String reference = fields.requiredText("reference");
        boolean always = fields.flag("always");
        fields.refuseOthers();
        EventStream events = response.events();
        ImageView image = images.pull(
                reference,
                always,
                message -> events.send(Json.object().put("event", "step").put("message", message)));
        ObjectNode done = Json.object().put("event", "done");
        done.set("image", AppJson.image(image));
        events.send(done);
        events.end();
    }

    private void remove(ApiRequest request, ApiResponse response) {
        String reference = request.query("reference")
                .orElseThrow(() -> ApiException.badRequest("query parameter 'reference' is missing"));
        request.refuseOtherQueries();
        images.remove(reference);
        response.nothing();
    }
}
