package cloud.ignition.vmm;

import cloud.ignition.linux.Closing;
import cloud.ignition.vmm.bus.Bus;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.doorbell.DoorbellDevice;
import cloud.ignition.vmm.doorbell.DoorbellState;
import cloud.ignition.vmm.event.EventLoop;
import cloud.ignition.vmm.legacy.ResetPort;
import cloud.ignition.vmm.legacy.Serial;
import cloud.ignition.vmm.legacy.SerialState;
import cloud.ignition.vmm.shell.KernelTap;
import cloud.ignition.vmm.shell.SerialEvents;
import cloud.ignition.vmm.shell.ShellPlan;
import cloud.ignition.vmm.shell.VmShell;
import cloud.ignition.vmm.snapshot.DeviceStates;
import cloud.ignition.vmm.snapshot.MachineState;
import cloud.ignition.vmm.virtio.MmioTransport;
import cloud.ignition.vmm.virtio.VirtioDevice;
import cloud.ignition.vmm.virtio.balloon.BalloonConfig;
import cloud.ignition.vmm.virtio.balloon.BalloonDevice;
import cloud.ignition.vmm.virtio.block.BlockConfig;
import cloud.ignition.vmm.virtio.block.BlockDevice;
import cloud.ignition.vmm.virtio.block.DiskThreads;
import cloud.ignition.vmm.virtio.block.FileBackend;
import cloud.ignition.vmm.virtio.console.ConsoleDevice;
import cloud.ignition.vmm.virtio.net.KernelQueues;
import cloud.ignition.vmm.virtio.net.MacAddress;
import cloud.ignition.vmm.virtio.net.NetActivity;
import cloud.ignition.vmm.virtio.net.NetConfig;
import cloud.ignition.vmm.virtio.net.NetDevice;
import cloud.ignition.vmm.virtio.net.TapBackend;
import cloud.ignition.vmm.virtio.rng.RngDevice;
import cloud.ignition.vmm.virtio.vsock.VsockConfig;
import cloud.ignition.vmm.virtio.vsock.VsockDevice;
import cloud.ignition.vmm.x86.ChipState;
import cloud.ignition.vmm.x86.VcpuState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutorService;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All devices of one machine and how they are wired: two buses for the vCPUs, one event loop for what need not be done
 * on a vCPU's thread. The order of the virtio devices is part of the machine's shape: disks, network, rng, console,
 * balloon, vsock.
 */
final class Devices implements AutoCloseable {
    private final VmShell shell;
    private final MachineListener listener;
    private final Bus ports = new Bus();
    private final Bus mmio = new Bus();
    private final EventLoop loop;
    private final Serial serial;
    private final DoorbellDevice doorbell;
    private final List<DeviceSlot> slots = new ArrayList<>();
    private final ExecutorService diskThreads = DiskThreads.create();
    private final List<BlockDevice> disks = new ArrayList<>();
    private final @Nullable NetDevice net;
    private final RngDevice rng;
    private final ConsoleDevice console;
    private final BalloonDevice balloon;
    private final @Nullable VsockDevice vsock;

    /** What a shell must have for a machine of this shape with these attachments. */
    static ShellPlan plan(MachineShape shape, Attachments attachments) {
        List<Integer> queues = new ArrayList<>();
        attachments.disks().forEach(disk -> queues.add(BlockDevice.QUEUES));
        attachments.net().ifPresent(net -> queues.add(NetDevice.QUEUES));
        queues.add(RngDevice.QUEUES);
        queues.add(ConsoleDevice.QUEUES);
        queues.add(BalloonDevice.QUEUES);
        attachments.vsock().ifPresent(hub -> queues.add(VsockDevice.QUEUES));
        boolean inKernel = attachments.net().filter(Attachments.Net::inKernel).isPresent();
        return new ShellPlan(
                shape, queues, inKernel ? OptionalInt.of(attachments.disks().size()) : OptionalInt.empty());
    }

    /**
     * Makes and wires all devices; what was made is closed again when one of them fails.
     *
     * @throws cloud.ignition.linux.LinuxException when the host refuses a file, a line or a window
     */
    Devices(
            VmShell shell,
            Attachments attachments,
            MachineListener listener,
            Consumer<Doorbell> onRing,
            Consumer<MachineExit> onExit) {
        this.shell = shell;
        this.listener = listener;
        loop = shell.loop();
        loop.serve(
                this::drain,
                this::resumed,
                failure -> onExit.accept(new MachineExit(MachineExit.Kind.FAILED, "event loop failed: " + failure)));
        try {
            serial = serial(shell.serial(), listener);
            doorbell = new DoorbellDevice(shell.memory(), onRing);
            ports.add(Serial.PORT, Serial.LENGTH, serial);
            ports.add(DoorbellDevice.PORT, DoorbellDevice.PORT_COUNT, doorbell);
            ports.add(
                    ResetPort.PORT,
                    ResetPort.LENGTH,
                    new ResetPort(() -> onExit.accept(new MachineExit(MachineExit.Kind.REBOOT, "the guest rebooted"))));
            for (Attachments.Disk disk : attachments.disks()) {
                disks.add(plug(disk(disk)));
            }
            net = attachments.net().map(attached -> plug(net(attached))).orElse(null);
            shell.vhost()
                    .ifPresent(
                            vhost -> vhost.onError(slots.getLast().transport()::onKernelError)); // the network card's
            rng = plug(RngDevice.create());
            console = plug(new ConsoleDevice(listener::onConsole));
            balloon = plug(new BalloonDevice(new BalloonConfig(shell.memory().totalBytes()), this::giveBack));
            vsock = attachments
                    .vsock()
                    .map(hub -> plug(
                            new VsockDevice(new VsockConfig(VsockConfig.DEFAULT_CID), hub.backend(), System::nanoTime)))
                    .orElse(null);
        } catch (RuntimeException e) {
            throw new Closing().then(this::close).because(e);
        }
    }

    private static Serial serial(SerialEvents events, MachineListener listener) {
        Serial made =
                new Serial(events.interrupt(), listener::onKernelMessage, System::nanoTime, events.timer()::setNanos);
        events.onTimer(made::onTimer);
        return made;
    }

    private BlockDevice disk(Attachments.Disk disk) {
        BlockConfig config = new BlockConfig("ignition", disk.readOnly());
        FileBackend file = FileBackend.open(disk.file(), disk.readOnly());
        try {
            return new BlockDevice(config, file, diskThreads);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private NetDevice net(Attachments.Net attached) {
        NetConfig config = new NetConfig(
                MacAddress.of(attached.mac()), attached.addresses(), attached.rate(), attached.announce());
        Optional<KernelQueues> kernel =
                shell.vhost().filter(there -> attached.inKernel()).map(there -> new KernelTap(there, attached.tap()));
        return new NetDevice(config, new TapBackend(attached.tap()), kernel, System::nanoTime);
    }

    private boolean giveBack(long gpa, long length) {
        long offset = shell.memory().hostAddress(gpa, length) - shell.backing().address();
        return shell.freePages().giveBack(offset, length);
    }

    /** Puts a device into the next slot; the device is closed when that fails. */
    private <T extends VirtioDevice> T plug(T device) {
        String name = device.getClass().getSimpleName();
        DeviceSlot slot = new DeviceSlot(
                shell.slots().get(slots.size()),
                shell.memory(),
                loop,
                device,
                why -> listener.onDeviceFailure(name, why));
        slots.add(slot);
        mmio.add(slot.window(), MmioTransport.WINDOW_BYTES, slot.transport());
        return device;
    }

    /** What a vCPU reaches by port I/O. */
    Bus ports() {
        return ports;
    }

    /** What a vCPU reaches by MMIO. */
    Bus mmio() {
        return mmio;
    }

    /** Kernel parameters that announce all devices. */
    List<String> kernelParameters() {
        List<String> parameters = new ArrayList<>();
        slots.forEach(slot -> parameters.add(slot.kernelParameter()));
        parameters.add(DoorbellDevice.kernelParameter());
        parameters.add(BalloonDevice.kernelParameter());
        parameters.add("ignition.irq=" + VmShell.DOORBELL_LINE);
        return parameters;
    }

    DoorbellDevice doorbell() {
        return doorbell;
    }

    /** Lets the event loop run. */
    void resume() {
        loop.resume();
    }

    /** Finishes what is kicked and parks the event loop. */
    void park() {
        loop.park();
    }

    /** On the event loop: what the guest kicked before its vCPUs paused is done before a save, so answers leave in time. */
    private void drain() {
        slots.forEach(DeviceSlot::drain);
    }

    /** On the event loop, whenever it goes on. */
    private void resumed() {
        slots.forEach(slot -> slot.transport().onResume());
    }

    /** Hands on the kernel's last line although it has no end: there will be none. */
    void endKernelLine() {
        serial.endLine();
    }

    /** Interrupts the doorbell's driver: delivered before this returns, so that no vCPU that is resumed afterwards runs ahead of it. */
    void callDoorbell() {
        shell.doorbellLine().raise();
    }

    void sendConsole(byte[] bytes) {
        console.send(bytes);
    }

    /**
     * The state of the parked devices, together with what the caller saves of KVM. That is asked for behind the devices: an interrupt that they
     * raise is in it.
     */
    MachineState save(Supplier<List<VcpuState>> vcpus, Supplier<ChipState> chips, boolean atDoorbell) {
        DeviceStates states = new DeviceStates(
                slots.stream().map(slot -> slot.transport().save()).toList(),
                disks.stream().map(BlockDevice::save).toList(),
                net == null ? List.of() : List.of(net.save()),
                rng.save(),
                console.save(),
                balloon.save(),
                vsock == null ? List.of() : List.of(vsock.save()));
        SerialState serialState = serial.save();
        DoorbellState doorbellState = doorbell.save(atDoorbell);
        List<VcpuState> vcpuStates = vcpus.get();
        return new MachineState(chips.get(), vcpuStates, serialState, doorbellState, states);
    }

    /**
     * Gives fresh devices a saved state.
     *
     * @throws CorruptStateException when it is of a machine with other devices
     * @throws GuestLieException when it points outside the memory
     */
    void restore(MachineState state) {
        DeviceStates states = state.devices();
        CorruptStateException.require(
                states.transports().size() == slots.size()
                        && states.disks().size() == disks.size()
                        && states.nets().size() == (net == null ? 0 : 1)
                        && states.vsocks().size() == (vsock == null ? 0 : 1),
                "a machine with other devices");
        doorbell.restore(state.doorbell());
        for (int i = 0; i < disks.size(); i++) {
            disks.get(i).restore(states.disks().get(i));
        }
        if (net != null) {
            net.restore(states.nets().getFirst());
        }
        rng.restore(states.rng());
        console.restore(states.console());
        balloon.restore(states.balloon());
        if (vsock != null) {
            vsock.restore(states.vsocks().getFirst());
        }
        for (int i = 0; i < slots.size(); i++) {
            slots.get(i).transport().restore(states.transports().get(i));
        }
        serial.restore(state.serial());
        loop.onFirstResume(() -> slots.forEach(slot -> slot.transport().kickAll()));
    }

    /** Has the guest's next kick and packets marked; before the loop runs. */
    void watch(WakeTimeline timeline) {
        Runnable answered = () -> timeline.mark(WakeTimeline.Stage.FIRST_DOORBELL_ANSWER);
        slots.forEach(slot -> slot.onNextKick(answered));
        if (net != null) {
            net.activity().onNextPacketOut(() -> timeline.mark(WakeTimeline.Stage.FIRST_PACKET_OUT));
            net.activity().onNextPayloadOut(() -> timeline.mark(WakeTimeline.Stage.FIRST_BYTE));
        }
    }

    void setBalloonTarget(long bytes) {
        balloon.setTarget(bytes);
    }

    Reclaimed reclaimed() {
        return new Reclaimed(balloon.actualBytes(), balloon.givenBackBytes(), balloon.keptBytes());
    }

    Activity activity(long vcpuBusyNanos) {
        long last = vsock == null ? 0 : vsock.lastPacketNanos();
        if (disks.stream().anyMatch(BlockDevice::isAtWork)) {
            last = System.nanoTime(); // its vCPUs may stand still meanwhile, with an answer half made
        }
        if (net == null) {
            return new Activity(0, 0, 0, 0, last, vcpuBusyNanos);
        }
        NetActivity seen = net.activityNow();
        return new Activity(
                seen.packetsIn(),
                seen.packetsOut(),
                seen.bytesIn(),
                seen.bytesOut(),
                Math.max(seen.lastPacketNanos(), last),
                vcpuBusyNanos);
    }

    /** Closes devices and their threads; the shell's have been stopped. */
    @Override
    public void close() {
        new Closing()
                .thenEach(slots, DeviceSlot::close)
                .then(diskThreads::close) // nothing is under way any more: their end is not waited for in vain
                .orThrow();
    }
}
