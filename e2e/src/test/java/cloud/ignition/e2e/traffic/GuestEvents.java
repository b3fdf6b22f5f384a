package cloud.ignition.e2e.traffic;

import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.DoorbellAnswer;
import cloud.ignition.vmm.MachineExit;
import cloud.ignition.vmm.MachineListener;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** What one guest says over all the machines that it lives in. */
final class GuestEvents implements MachineListener {
    private final Faults faults;
    private final NumberedLines serial;
    private final NumberedLines console;
    private final ByteArrayOutputStream consoleLine = new ByteArrayOutputStream();
    private boolean holds;
    private boolean held;
    private int atWork;

    GuestEvents(Faults faults) {
        this.faults = faults;
        serial = new NumberedLines("serial", faults);
        console = new NumberedLines("console", faults);
    }

    NumberedLines serial() {
        return serial;
    }

    NumberedLines console() {
        return console;
    }

    /** The next ring is held. */
    synchronized void expectRing() {
        holds = true;
        held = false;
    }

    /** No ring is held from now on; returns whether one is. */
    synchronized boolean expectNoRing() {
        boolean was = held;
        holds = false;
        held = false;
        return was;
    }

    synchronized boolean isHeld() {
        return held;
    }

    /** How many threads had something to do when the guest was held last. */
    synchronized int atWork() {
        return atWork;
    }

    @Override
    public synchronized DoorbellAnswer onDoorbell(Doorbell doorbell) {
        if (!holds) {
            return DoorbellAnswer.CONTINUE;
        }
        holds = false;
        held = true;
        atWork = doorbell.atWork();
        return DoorbellAnswer.HOLD;
    }

    @Override
    public void onConsole(byte[] bytes) {
        for (byte octet : bytes) {
            if (octet == '\n') {
                console.add(consoleLine.toString(StandardCharsets.US_ASCII));
                consoleLine.reset();
            } else {
                consoleLine.write(octet);
            }
        }
    }

    @Override
    public void onKernelMessage(String line) {
        // What the kernel itself says there cuts into a line; then that fault is shown and what it says is, too.
        if (faults.isFree() && (serial.isOne(line) || serial.last() > 0)) {
            serial.add(line);
        } else {
            System.err.println("guest: " + line);
        }
    }

    @Override
    public void onExit(MachineExit exit) {
        faults.report("the guest ended: " + exit.reason());
    }

    @Override
    public void onDeviceFailure(String device, String reason) {
        faults.report(device + ": " + reason);
    }
}
