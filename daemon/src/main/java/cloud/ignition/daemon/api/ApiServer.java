package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.Applications;
import cloud.ignition.daemon.app.Images;
import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** The running API. Whoever may open the socket may do everything; its mode 0600 is the access control. */
public final class ApiServer implements AutoCloseable {
    /** Acceptor, selector and a few more: handlers run on virtual threads. */
    private static final int PLATFORM_THREADS = 8;

    private final Server server;
    private final SocketFile socket;
    private final AtomicBoolean closing;

    private ApiServer(Server server, SocketFile socket, AtomicBoolean closing) {
        this.server = server;
        this.socket = socket;
        this.closing = closing;
    }

    /**
     * Binds the socket and answers from then on.
     *
     * @throws UserException when the socket cannot be had, in one line
     */
    public static ApiServer start(Path socketPath, DaemonFacts facts, Applications applications, Images images) {
        AtomicBoolean closing = new AtomicBoolean();
        List<Route> routes = new ArrayList<>(new SystemEndpoints(facts, applications).routes());
        routes.addAll(new AppEndpoints(applications, closing::get).routes());
        routes.addAll(new ImageEndpoints(images).routes());
        SocketFile socket = SocketFile.prepare(socketPath);
        Server server = server(socket.temporary());
        server.setHandler(new ApiHandler(routes));
        try {
            server.start();
            socket.publish();
            return new ApiServer(server, socket, closing);
        } catch (Exception e) {
            stop(server, socket);
            throw UserException.unavailable("cannot listen on the socket " + socket.path() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Looks whether {@link #start} could have the socket, before anything else of the host is touched.
     *
     * @throws UserException when a daemon listens there already or the path cannot be used
     */
    public static void checkSocket(Path socketPath) {
        SocketFile.check(socketPath);
    }

    /** Where it listens. */
    public Path socketPath() {
        return socket.path();
    }

    /** Takes no new requests, ends followed logs, gives the others a moment, removes the socket. */
    @Override
    public void close() {
        if (closing.compareAndSet(false, true)) {
            stop(server, socket);
        }
    }

    private static Server server(Path bindTo) {
        QueuedThreadPool threads = new QueuedThreadPool(PLATFORM_THREADS);
        threads.setName("api");
        threads.setVirtualThreadsExecutor(Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("api-request-", 0).factory()));
        Server server = new Server(threads);
        server.setErrorHandler(new JsonErrorHandler());
        server.setStopTimeout(ApiLimits.SHUTDOWN.toMillis());
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setSendDateHeader(false);
        http.setRequestHeaderSize(ApiLimits.HEADER_BYTES);
        UnixDomainServerConnector connector =
                new UnixDomainServerConnector(server, 1, 1, new HttpConnectionFactory(http));
        connector.setUnixDomainPath(bindTo);
        connector.setAcceptQueueSize(ApiLimits.BACKLOG);
        connector.setIdleTimeout(ApiLimits.IDLE_CONNECTION.toMillis());
        server.addConnector(connector);
        return server;
    }

    private static void stop(Server server, SocketFile socket) {
        try {
            socket.close();
        } catch (IOException e) {
            System.getLogger(ApiServer.class.getName())
                    .log(System.Logger.Level.WARNING, "api: the socket could not be removed", e);
        }
        try {
            server.stop();
        } catch (Exception e) {
            System.getLogger(ApiServer.class.getName())
                    .log(System.Logger.Level.WARNING, "api: the HTTP server did not stop cleanly", e);
        }
    }
}
