package cloud.ignition.vmm.legacy;

import cloud.ignition.vmm.bus.BusDevice;
import cloud.ignition.vmm.bus.Interrupt;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * A 16550A serial port as Linux's 8250 driver sees it, for output only: the guest kernel's messages.
 *
 * <p>A byte written is taken at once, and LSR always says so; what remains is to emulate the transmitter's interrupt: it becomes
 * pending when what was written would have left ({@link TransmitPace}) or when it is enabled, and is taken by reading IIR. It is
 * part of the state and raised again on restore; a port saved between the edge and the guest's IIR read would
 * otherwise never transmit again. In loopback (MCR bit 4) bytes come back as received ones.
 */
public final class Serial implements BusDevice {
    /** First I/O port of the first PC serial port. */
    public static final int PORT = 0x3f8;

    /** Length of the window, in ports. */
    public static final int LENGTH = 8;

    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR_FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;

    private static final int IER_RDI = 0x01;
    private static final int IER_THRI = 0x02;
    private static final int IER_WRITABLE = 0x0f;
    private static final int IIR_NO_INT = 0x01;
    private static final int IIR_THRI = 0x02;
    private static final int IIR_RDI = 0x04;
    private static final int IIR_FIFO_ENABLED = 0xc0;
    private static final int FCR_ENABLE_FIFO = 0x01;
    private static final int LCR_DLAB = 0x80;
    private static final int LCR_RESET = 0x03;
    private static final int MCR_DTR = 0x01;
    private static final int MCR_RTS = 0x02;
    private static final int MCR_OUT1 = 0x04;
    private static final int MCR_OUT2 = 0x08;
    private static final int MCR_LOOP = 0x10;
    private static final int MCR_WRITABLE = 0x1f;
    private static final int LSR_DR = 0x01;
    private static final int LSR_THRE_TEMT = 0x60;
    private static final int MSR_CTS = 0x10;
    private static final int MSR_DSR = 0x20;
    private static final int MSR_RI = 0x40;
    private static final int MSR_DCD = 0x80;
    private static final int DIVISOR_9600 = 12;
    private static final int NOTHING = -1;

    private static final int FIFO_BYTES = 16;

    private final Interrupt interrupt;
    private final LineAssembler output;
    private final LongSupplier clock;
    private final LongConsumer timer;
    private final TransmitPace pace = new TransmitPace();

    private int divisor = DIVISOR_9600;
    private int interruptEnable;
    private int lineControl = LCR_RESET;
    private int modemControl = MCR_OUT2;
    private int scratch;
    private boolean fifoEnabled;
    private boolean transmitterEmptyPending;
    private int received = NOTHING;

    /**
     * @param interrupt the port's line (GSI 4 on a PC)
     * @param lines gets each complete line of output, without its end; called on vCPU threads, must be fast
     * @param clock CLOCK_MONOTONIC, nanoseconds
     * @param timer has {@link #onTimer} called so many nanoseconds later, once
     */
    public Serial(Interrupt interrupt, Consumer<String> lines, LongSupplier clock, LongConsumer timer) {
        this.interrupt = interrupt;
        this.output = new LineAssembler(lines);
        this.clock = clock;
        this.timer = timer;
    }

    @Override
    public synchronized long read(long offset, int size) {
        if (size != 1) {
            return -1L;
        }
        return switch ((int) offset) {
            case DATA -> divisorLatched() ? divisor & 0xff : takeReceived();
            case IER -> divisorLatched() ? divisor >> 8 : interruptEnable;
            case IIR_FCR -> takeInterrupt();
            case LCR -> lineControl;
            case MCR -> modemControl;
            case LSR -> LSR_THRE_TEMT | (received == NOTHING ? 0 : LSR_DR);
            case MSR -> modemStatus();
            case SCR -> scratch;
            default -> -1L;
        };
    }

    @Override
    public synchronized void write(long offset, int size, long value) {
        if (size != 1) {
            return;
        }
        int octet = (int) value & 0xff;
        switch ((int) offset) {
            case DATA -> writeData(octet);
            case IER -> writeInterruptEnable(octet);
            case IIR_FCR -> fifoEnabled = (octet & FCR_ENABLE_FIFO) != 0;
            case LCR -> lineControl = octet;
            case MCR -> modemControl = octet & MCR_WRITABLE;
            case SCR -> scratch = octet;
            default -> {} // LSR and MSR are read-only
        }
    }

    /** Hands on the line that is not complete yet: its writer is at its end. */
    public synchronized void endLine() {
        output.endPartial();
    }

    /** The state as it is now. */
    public synchronized SerialState save() {
        return new SerialState(
                divisor,
                interruptEnable,
                lineControl,
                modemControl,
                scratch,
                fifoEnabled,
                transmitterEmptyPending || pace.isUnderWay(),
                received,
                output.partial());
    }

    /** Takes over a saved state and raises the interrupt that was due in it. */
    public synchronized void restore(SerialState state) {
        divisor = state.divisor();
        interruptEnable = state.interruptEnable();
        lineControl = state.lineControl();
        modemControl = state.modemControl();
        scratch = state.scratch();
        fifoEnabled = state.fifoEnabled();
        transmitterEmptyPending = state.transmitterEmptyPending();
        received = state.received();
        output.restore(state.partialLine());
        raiseIfPending();
    }

    private void writeData(int octet) {
        if (divisorLatched()) {
            divisor = (divisor & 0xff00) | octet;
            return;
        }
        if ((modemControl & MCR_LOOP) != 0) {
            boolean raised = receiveDue() || transmitDue(); // the line goes up once until it is taken
            received = octet;
            transmitterEmptyPending = true;
            if (!raised) {
                raiseIfPending();
            }
            return;
        }
        output.add(octet);
        if ((interruptEnable & IER_THRI) == 0) {
            transmitterEmptyPending = !pace.isUnderWay(); // the kernel's own messages: nobody waits for an interrupt
            return;
        }
        transmitterEmptyPending = false;
        if (pace.add(clock.getAsLong())) {
            timer.accept(FIFO_BYTES * TransmitPace.BYTE_NANOS);
        }
    }

    /** The time asked for has passed; on the event loop. */
    public synchronized void onTimer() {
        if (!pace.isUnderWay()) {
            return;
        }
        long remaining = pace.remaining(clock.getAsLong());
        if (remaining > 0) {
            timer.accept(remaining);
            return;
        }
        pace.end();
        transmitterEmptyPending = true;
        raiseIfPending();
    }

    private void writeInterruptEnable(int octet) {
        if (divisorLatched()) {
            divisor = (divisor & 0xff) | (octet << 8);
            return;
        }
        int before = interruptEnable;
        interruptEnable = octet & IER_WRITABLE;
        if ((interruptEnable & ~before & IER_THRI) != 0 && !pace.isUnderWay()) {
            transmitterEmptyPending = true; // enabling it with an empty transmitter is itself the event
        }
        if ((interruptEnable & ~before) != 0) {
            raiseIfPending();
        }
    }

    private int takeReceived() {
        int octet = Math.max(received, 0);
        received = NOTHING;
        return octet;
    }

    private int takeInterrupt() {
        int identification = IIR_NO_INT;
        if (receiveDue()) {
            identification = IIR_RDI;
        } else if (transmitDue()) {
            identification = IIR_THRI;
            transmitterEmptyPending = false;
        }
        return identification | (fifoEnabled ? IIR_FIFO_ENABLED : 0);
    }

    private void raiseIfPending() {
        if (receiveDue() || transmitDue()) {
            interrupt.raise();
        }
    }

    private boolean receiveDue() {
        return received != NOTHING && (interruptEnable & IER_RDI) != 0;
    }

    private boolean transmitDue() {
        return transmitterEmptyPending && (interruptEnable & IER_THRI) != 0;
    }

    private boolean divisorLatched() {
        return (lineControl & LCR_DLAB) != 0;
    }

    private int modemStatus() {
        if ((modemControl & MCR_LOOP) == 0) {
            return MSR_DCD | MSR_DSR | MSR_CTS;
        }
        return ((modemControl & MCR_RTS) != 0 ? MSR_CTS : 0)
                | ((modemControl & MCR_DTR) != 0 ? MSR_DSR : 0)
                | ((modemControl & MCR_OUT1) != 0 ? MSR_RI : 0)
                | ((modemControl & MCR_OUT2) != 0 ? MSR_DCD : 0);
    }
}
