package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.state.AppLog;
import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.DoorbellAnswer;
import cloud.ignition.vmm.MachineExit;
import cloud.ignition.vmm.MachineListener;
import cloud.ignition.vmm.Reclaimed;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One machine of an app from its making to its end, and what it says. Its callbacks come on machine threads; decisions are left to
 * the supervisor's mailbox.
 */
final class Session implements MachineListener {
    /** Which ring of the doorbell the supervisor waits for. */
    enum Awaited {
        NOTHING,
        TRIGGER,
        QUIESCED
    }

    /** What the supervisor does with what a session hears; called on machine threads, so it only hands over. */
    interface Owner {
        void onTriggered(Session session, Doorbell doorbell);

        /** The guest stands still; {@code atWork}: some of its threads have something to do. */
        void onQuiesced(Session session, boolean atWork);

        void onExit(Session session, MachineExit exit);
    }

    private static final int SIGNAL_BASE = 128;

    private final Owner owner;
    private final AppLog log;
    private final ConsoleLines console = new ConsoleLines(this::consoleLine);
    private final AtomicReference<Awaited> awaited = new AtomicReference<>(Awaited.NOTHING);
    private final LastLines kernelLines = new LastLines();
    private final LastLines initErrors = new LastLines();
    private final LastLines errorLines = new LastLines();
    private volatile OptionalInt exitCode = OptionalInt.empty();
    private volatile boolean applicationStarted;
    private volatile @Nullable Machine machine;

    Session(Owner owner, AppLog log) {
        this.owner = owner;
        this.log = log;
    }

    void bind(Machine made) {
        machine = made;
    }

    /** The machine; it is there from its making on. */
    Machine machine() {
        Machine made = machine;
        if (made == null) {
            throw new IllegalStateException("the session has no machine yet");
        }
        return made;
    }

    /** Guest memory in the host's memory, bytes; 0 while there is no machine. */
    long residentBytes() {
        Machine made = machine;
        return made == null ? 0 : made.residentBytes();
    }

    /** Memory that the guest gave up; nothing while there is no machine. */
    Reclaimed reclaimed() {
        Machine made = machine;
        return made == null ? Reclaimed.NOTHING : made.reclaimed();
    }

    /** Waits for a ring from now on. */
    void await(Awaited what) {
        awaited.set(what);
    }

    /** Gives up waiting for a ring; false when it has just come and the guest is being held. */
    boolean giveUp(Awaited what) {
        return awaited.compareAndSet(what, Awaited.NOTHING);
    }

    /** The machine goes on from a snapshot, which is never older than the application. */
    void goesOnFromSnapshot() {
        applicationStarted = true;
    }

    /** Whether the application ran in this machine. */
    boolean applicationStarted() {
        return applicationStarted;
    }

    /** The application's exit code as shells count it, once it ended. */
    OptionalInt exitCode() {
        return exitCode;
    }

    LastLines kernelLines() {
        return kernelLines;
    }

    LastLines initErrors() {
        return initErrors;
    }

    LastLines errorLines() {
        return errorLines;
    }

    @Override
    public DoorbellAnswer onDoorbell(Doorbell doorbell) {
        return switch (doorbell.kind()) {
            case QUIESCED -> {
                if (giveUp(Awaited.QUIESCED)) {
                    owner.onQuiesced(this, doorbell.atWork() != 0);
                    yield DoorbellAnswer.HOLD;
                }
                yield DoorbellAnswer.CONTINUE;
            }
            case POWER_OFF, PANIC -> DoorbellAnswer.CONTINUE;
            case LISTEN, ACCEPT, BIND, EXEC, MANUAL -> {
                if (giveUp(Awaited.TRIGGER)) {
                    owner.onTriggered(this, doorbell);
                    yield DoorbellAnswer.HOLD;
                }
                yield DoorbellAnswer.CONTINUE;
            }
        };
    }

    @Override
    public void onConsole(byte[] bytes) {
        console.accept(bytes);
    }

    @Override
    public void onKernelMessage(String line) {
        kernelLines.add(line);
    }

    @Override
    public void onExit(MachineExit exit) {
        owner.onExit(this, exit);
    }

    @Override
    public void onDeviceFailure(String device, String reason) {
        log.append(LogLine.Source.IGNITION, "device " + device + " waits for a reset by the guest: " + reason);
    }

    private void consoleLine(String line) {
        if (line.length() < 2 || line.charAt(1) != ' ') {
            return; // not init's protocol: nothing that an honest guest sends
        }
        String text = line.substring(2);
        switch (line.charAt(0)) {
            case 'o' -> log.append(LogLine.Source.STDOUT, text);
            case 'e' -> {
                errorLines.add(text);
                log.append(LogLine.Source.STDERR, text);
            }
            case '!' -> {
                initErrors.add(text);
                log.append(LogLine.Source.IGNITION, text);
            }
            case 'h' -> log.append(LogLine.Source.IGNITION, "restore hook " + text);
            case 's' -> applicationStarted = true;
            case 'x' -> ended(text);
            default -> {
                // an unknown kind is a newer init's
            }
        }
    }

    private void ended(String text) {
        if (text.matches("exit [0-9]{1,3}")) {
            exitCode = OptionalInt.of(Integer.parseInt(text.substring(5)));
        } else if (text.matches("signal [0-9]{1,2}")) {
            exitCode = OptionalInt.of(SIGNAL_BASE + Integer.parseInt(text.substring(7)));
        }
    }
}
