package cloud.ignition.vmm.virtio;

import cloud.ignition.vmm.NetRate;
import cloud.ignition.vmm.virtio.balloon.BalloonConfig;
import cloud.ignition.vmm.virtio.balloon.BalloonDevice;
import cloud.ignition.vmm.virtio.block.BlockConfig;
import cloud.ignition.vmm.virtio.block.BlockDevice;
import cloud.ignition.vmm.virtio.console.ConsoleDevice;
import cloud.ignition.vmm.virtio.net.MacAddress;
import cloud.ignition.vmm.virtio.net.NetConfig;
import cloud.ignition.vmm.virtio.net.NetDevice;
import cloud.ignition.vmm.virtio.rng.RngConfig;
import cloud.ignition.vmm.virtio.rng.RngDevice;
import cloud.ignition.vmm.virtio.vsock.VsockConfig;
import cloud.ignition.vmm.virtio.vsock.VsockDevice;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Every virtio device there is, for the tests that are about all of them. A new device is one line here, at the end: kept
 * inputs count in this order.
 */
@SuppressWarnings("ImmutableEnumChecker") // the functions have no state
enum DeviceKind {
    BLOCK(host -> new BlockDevice(new BlockConfig("fuzz", false), host.disk())),
    BLOCK_READ_ONLY(host -> new BlockDevice(new BlockConfig("fuzz", true), host.disk())),
    NET(host -> new NetDevice(net(NetRate.UNLIMITED, false), host.wire(), host::nanoTime)),
    RNG(host -> new RngDevice(new RngConfig(1 << 20, 1 << 16), piece -> piece.fill((byte) 1), host::nanoTime)),
    CONSOLE(
            host -> new ConsoleDevice(DeviceKind::checkOutput),
            (device, random) -> ((ConsoleDevice) device).send(new byte[random.nextInt(2000)])),
    NET_GUARDED(host -> new NetDevice(net(slow(), true), host.wire(), host::nanoTime)),
    BALLOON(host -> new BalloonDevice(new BalloonConfig(TestDriver.RAM_BYTES), host::takePages)),
    VSOCK(host ->
            new VsockDevice(new VsockConfig(VsockConfig.DEFAULT_CID), new FuzzVsockBackend(host), host::nanoTime)),
    NET_IN_KERNEL(host ->
            new NetDevice(net(NetRate.UNLIMITED, false), host.wire(), Optional.of(host.kernel()), host::nanoTime));

    private static final long MAC = 0x02_00_00_00_00_01L;

    private final Function<FuzzHost, VirtioDevice> factory;
    private final BiConsumer<VirtioDevice, Random> hostEvent;

    DeviceKind(Function<FuzzHost, VirtioDevice> factory) {
        this(factory, (device, random) -> {});
    }

    /** @param hostEvent something that the machine's owner may do with such a device at any time */
    DeviceKind(Function<FuzzHost, VirtioDevice> factory, BiConsumer<VirtioDevice, Random> hostEvent) {
        this.factory = factory;
        this.hostEvent = hostEvent;
    }

    VirtioDevice make(FuzzHost host) {
        return factory.apply(host);
    }

    void hostEvent(VirtioDevice device, Random random) {
        hostEvent.accept(device, random);
    }

    /** @param guarded whether the guest may send as itself only */
    private static NetConfig net(NetRate rate, boolean guarded) {
        return new NetConfig(new MacAddress(MAC), List.of(), rate, guarded);
    }

    private static NetRate slow() {
        return new NetRate(Optional.of(new NetRate.Budget(1_000_000, 100_000)), Optional.empty());
    }

    private static void checkOutput(byte[] bytes) {
        if (bytes.length < 1 || bytes.length > Limits.CONSOLE_OUTPUT_PIECE_BYTES) {
            throw new AssertionError("console output of " + bytes.length + " bytes");
        }
    }
}
