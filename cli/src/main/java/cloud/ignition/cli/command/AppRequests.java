package cloud.ignition.cli.command;

import cloud.ignition.cli.http.DaemonClient;

/** The paths of requests on one app. */
final class AppRequests {
    private AppRequests() {}

    static String app(String name) {
        return "/v1/apps/" + DaemonClient.encode(name);
    }

    static String start(String name) {
        return app(name) + "/start";
    }

    static String stop(String name) {
        return app(name) + "/stop";
    }

    static String logs(String name, boolean follow) {
        return app(name) + "/logs?follow=" + follow;
    }
}
