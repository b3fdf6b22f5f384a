package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.PortMapping;
import java.util.List;

/** The host's network as an app's supervisor needs it. Errors are user exceptions that name the cause and the remedy. */
public interface AppNetwork {
    /**
     * Reserves ports of the host for an app.
     *
     * @throws cloud.ignition.daemon.app.UserException when another app or another process of the host has one
     */
    void reserve(String appName, List<PortMapping> ports);

    /** Gives up what {@link #reserve} reserved, for an app that was not attached. */
    void release(String appName);

    /** Reserves the ports of an app of a former daemon, which are published already, without looking at the host. */
    void adopt(String appName, List<PortMapping> ports);

    /** Makes the app's link (or takes over the one a former daemon left) and publishes its ports. */
    Link attach(AppAddress address, List<PortMapping> ports);

    /** Drops packets of new connections for an app, or lets them through again; those the app itself opened are let through anyway. */
    void holdBack(AppAddress address, boolean on);

    /** Withdraws the app's ports from the host; packets to them are the host's own again. */
    void withdraw(String appName, AppAddress address);
}
