package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.linux.Fd;
import java.util.List;
import java.util.Optional;

/**
 * The host's side of a socket device. It is its owner's and outlives machines: between two of them it keeps the streams of
 * the machine that was saved, and connections that nobody has looked at yet.
 */
public interface VsockBackend {
    /** Who hears of what happens at the host's side; the device. */
    interface Listener {
        /** A peer wants a connection to a port of the guest; the stream is the listener's. */
        void connecting(VsockStream stream, int guestPort);

        /**
         * Something has changed since the last call, or since the stream was there.
         *
         * @param epollEvents {@code Epoll.IN}, {@code Epoll.OUT}, {@code Epoll.HUP} … as reported, once per change
         */
        void ready(VsockStream stream, int epollEvents);
    }

    /** Readable when {@link #poll} has something to tell. */
    Optional<Fd> fd();

    /** Tells the listener what has happened, up to a limit; if something is left, {@link #fd} stays readable. */
    void poll(Listener listener);

    /** Connects to whoever serves this port on the host; nothing when nobody does or there are too many streams. */
    Optional<VsockStream> connect(int hostPort);

    /**
     * The machine is being saved. Its device goes on using the streams, or goes.
     *
     * @param streams all streams of the device
     * @return by what {@link #takeOver} knows them again
     */
    long suspend(List<VsockStream> streams);

    /** The device works: what was suspended before is not as it was any more. What it has not taken over is closed. */
    void running();

    /**
     * The streams as they were suspended, when nothing has happened to them since. Otherwise all there are are closed.
     *
     * @param token from {@link #suspend}, or anything that a snapshot says
     */
    Optional<List<VsockStream>> takeOver(long token);

    /** The device goes. Streams that were suspended, and not used since, are kept for another one; all others are closed. */
    void detach();
}
