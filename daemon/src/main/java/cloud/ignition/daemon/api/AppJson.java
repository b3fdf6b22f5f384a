package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.GuestEnd;
import cloud.ignition.daemon.app.ImageView;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.WakeReport;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;

/** The daemon's values as JSON: times in ISO 8601 UTC, sizes in bytes, durations in the unit of the field's name. */
final class AppJson {
    private AppJson() {}

    static ObjectNode app(AppView view) {
        ObjectNode json = Json.object();
        json.put("name", view.name());
        json.put("id", view.id());
        json.put("image", view.image());
        json.put("imageDigest", view.imageDigest());
        json.put("state", view.state().word());
        json.put("message", view.message());
        json.put("address", view.address());
        json.put("vsock", view.vsock().toString());
        json.put("createdAt", view.createdAt().toString());
        json.put("stateSince", view.stateSince().toString());
        json.put("residentBytes", view.residentBytes());
        json.put("balloonBytes", view.balloonBytes());
        json.put("givenBackBytes", view.givenBackBytes());
        json.put("snapshotBytes", view.snapshotBytes());
        ArrayNode refused = json.putArray("refusedSnapshots");
        view.refusedSnapshots().forEach(refused::add);
        json.put("wakes", view.wakes());
        json.put("coldBoots", view.coldBoots());
        view.exitCode().ifPresent(code -> json.put("exitCode", code));
        view.ending().ifPresent(ending -> json.set("ending", ending(ending)));
        json.set("spec", AppSpecJson.write(view.spec()));
        ArrayNode wakes = json.putArray("lastWakes");
        view.lastWakes().forEach(wake -> wakes.add(wake(wake)));
        return json;
    }

    static ObjectNode image(ImageView view) {
        ObjectNode json = Json.object();
        json.put("reference", view.reference());
        json.put("digest", view.digest());
        json.put("sizeBytes", view.sizeBytes());
        return json;
    }

    static ObjectNode logLine(LogLine line) {
        ObjectNode json = Json.object();
        json.put("time", line.time().toString());
        json.put("stream", line.stream().name().toLowerCase(Locale.ROOT));
        json.put("line", line.text());
        return json;
    }

    private static ObjectNode ending(GuestEnd ending) {
        ObjectNode json = Json.object();
        json.put("kind", ending.kind().word());
        ArrayNode lines = json.putArray("lastLines");
        ending.lastLines().forEach(lines::add);
        return json;
    }

    private static ObjectNode wake(WakeReport wake) {
        ObjectNode json = Json.object();
        json.put("at", wake.at().toString());
        json.put("coldBoot", wake.coldBoot());
        json.put("totalNanos", wake.totalNanos());
        ArrayNode stages = json.putArray("stages");
        for (WakeReport.Stage stage : wake.stages()) {
            stages.addObject().put("name", stage.name()).put("nanos", stage.nanos());
        }
        return json;
    }
}
