package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.Ipv4;
import cloud.ignition.daemon.app.UserException;
import java.net.Inet4Address;
import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * One IPv4 network cut into /30s, one for each app: .1 is the host's side, .2 the guest's. Thread-safe.
 */
public final class AddressPool {
    private static final int MIN_PREFIX = 8;
    private static final int MAX_PREFIX = 28;

    private final int network;
    private final int prefix;
    private final BitSet used = new BitSet();

    private AddressPool(int network, int prefix) {
        this.network = network;
        this.prefix = prefix;
    }

    /**
     * Reads {@code a.b.c.d/prefix}.
     *
     * @throws UserException when it is not a network of /8 to /28
     */
    public static AddressPool parse(String cidr) {
        int slash = cidr.indexOf('/');
        try {
            if (slash < 0 || !cidr.substring(slash + 1).matches("[0-9]{1,2}")) {
                throw new IllegalArgumentException("no prefix length");
            }
            int prefix = Integer.parseInt(cidr.substring(slash + 1));
            int address = toInt(Ipv4.parse(cidr.substring(0, slash)).getAddress());
            if (prefix < MIN_PREFIX || prefix > MAX_PREFIX || (address & ~mask(prefix)) != 0) {
                throw new IllegalArgumentException("not a network of /8 to /28");
            }
            return new AddressPool(address, prefix);
        } catch (IllegalArgumentException e) {
            throw UserException.invalid(
                    "network '" + cidr + "' is not usable as address pool; give an IPv4 network of /" + MIN_PREFIX
                            + " to /" + MAX_PREFIX + " such as 10.88.0.0/16");
        }
    }

    /** How many apps have room. */
    public int capacity() {
        return 1 << (30 - prefix);
    }

    /**
     * Takes the lowest free index.
     *
     * @throws UserException when all are taken
     */
    public synchronized int allocate() {
        int index = used.nextClearBit(0);
        if (index >= capacity()) {
            throw UserException.unavailable("address pool " + this + " has no room for more than " + capacity()
                    + " apps; remove an app or start the daemon with a larger --network");
        }
        used.set(index);
        return index;
    }

    /** Takes a given index; false when it is taken already or outside the pool. */
    public synchronized boolean claim(int index) {
        if (index < 0 || index >= capacity() || used.get(index)) {
            return false;
        }
        used.set(index);
        return true;
    }

    /** Gives an index back. */
    public synchronized void release(int index) {
        used.clear(index);
    }

    /** The addresses of an index. */
    public AppAddress address(int index) {
        if (index < 0 || index >= capacity()) {
            throw new IllegalArgumentException("index " + index + " is outside " + this);
        }
        return new AppAddress(index, network + 4 * index + 1, network + 4 * index + 2);
    }

    /** Whether an address belongs to the pool. */
    public boolean contains(Inet4Address address) {
        return (toInt(address.getAddress()) & mask(prefix)) == network;
    }

    /** CIDR notation. */
    @Override
    public String toString() {
        return AppAddress.dotted(network) + "/" + prefix;
    }

    private static int mask(int prefix) {
        return -1 << (32 - prefix);
    }

    private static int toInt(byte[] bytes) {
        return ByteBuffer.wrap(bytes).getInt();
    }
}
