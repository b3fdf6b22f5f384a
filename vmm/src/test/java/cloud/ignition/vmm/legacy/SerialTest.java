package cloud.ignition.vmm.legacy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SerialTest {
    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;
    private static final int THRI = 0x02;

    private final List<String> lines = new ArrayList<>();
    private int interrupts;
    private long now;
    private long timer;
    private Serial serial = fresh();

    @Test
    void printsLines() {
        print("Linux version 6.1\r\nsecond\npart");
        assertThat(lines).containsExactly("Linux version 6.1", "second");
        print("ial\n");
        assertThat(lines).last().isEqualTo("partial");
    }

    @Test
    void longLinesAreCutAndControlCharactersDefused() {
        print("x".repeat(LineAssembler.MAX_LINE + 10) + "\n\u001b[2J\ttab\u007f\n");
        assertThat(lines).containsExactly("x".repeat(LineAssembler.MAX_LINE), "x".repeat(10), ".[2J\ttab.");
    }

    /** The steps of Linux's autoconfig() that tell a 16550A from its relatives. */
    @Test
    void linuxRecognisesA16550a() {
        write(IER, 0);
        assertThat(read(IER)).isZero();
        write(IER, 0xff);
        assertThat(read(IER)).isEqualTo(0x0f);
        write(IER, 0);
        write(MCR, 0x10 | 0x0a); // loop, OUT2, RTS
        assertThat(read(MSR) & 0xf0).isEqualTo(0x90); // DCD, CTS
        write(MCR, 0x08);
        write(FCR, 0x01);
        assertThat(read(IIR) & 0xc0).isEqualTo(0xc0);
        write(FCR, 0x21);
        assertThat(read(IIR) >> 5).isEqualTo(6); // not a 16750
        write(SCR, 0x5a);
        assertThat(read(SCR)).isEqualTo(0x5a);
        assertThat(read(LSR)).isEqualTo(0x60);
    }

    @Test
    void divisorHidesDataAndInterruptEnable() {
        write(IER, 0x05);
        write(LCR, 0x83);
        write(DATA, 0x34);
        write(IER, 0x12);
        assertThat(read(DATA)).isEqualTo(0x34);
        assertThat(read(IER)).isEqualTo(0x12);
        write(LCR, 0x03);
        assertThat(read(IER)).isEqualTo(0x05);
        print("a\n");
        assertThat(lines).containsExactly("a");
    }

    /** Linux's THRE test: enabling the interrupt with an empty transmitter raises it, each time. */
    @Test
    void enablingTheTransmitterInterruptRaisesIt() {
        write(IER, THRI);
        assertThat(interrupts).isEqualTo(1);
        assertThat(read(IIR)).isEqualTo(0x02);
        assertThat(read(IIR)).isEqualTo(0x01); // taken by the read
        write(IER, 0);
        write(IER, THRI);
        assertThat(interrupts).isEqualTo(2);
        assertThat(read(IIR)).isEqualTo(0x02);
    }

    @Test
    void raisesTheNextInterruptWhenTheBytesWouldHaveLeft() {
        write(IER, THRI);
        read(IIR);
        interrupts = 0;
        print("a full FIFO - 16");
        assertThat(interrupts).isZero();
        assertThat(read(IIR)).as("taken, but not left").isEqualTo(0x01);
        assertThat(read(LSR)).as("there is always room").isEqualTo(0x60);
        assertThat(timer).isEqualTo(16 * TransmitPace.BYTE_NANOS);
        fireTimer();
        assertThat(interrupts).as("one edge for all").isEqualTo(1);
        assertThat(read(IIR)).isEqualTo(0x02);
        serial.onTimer();
        assertThat(interrupts).as("nothing is due").isEqualTo(1);
    }

    /** Else a vCPU of a slow host never leaves its interrupt handler: seen as an RCU stall of a guest that printed much. */
    @Test
    void aDriverThatTookLongForItsBytesHasAsLongForItself() {
        write(IER, THRI);
        read(IIR);
        interrupts = 0;
        for (int i = 0; i < 16; i++) {
            write(DATA, 'x');
            now += 1_000_000; // an exit each
        }
        now = 15_000_000;
        fireTimer();
        assertThat(interrupts).isZero();
        assertThat(timer).isPositive();
        fireTimer();
        assertThat(interrupts).isEqualTo(1);
        assertThat(now).isGreaterThanOrEqualTo(30_000_000);
    }

    @Test
    void enablingTheInterruptBeforeTheBytesHaveLeftRaisesNoneYet() {
        write(IER, THRI);
        read(IIR);
        write(DATA, 'a');
        write(IER, 0);
        write(IER, THRI);
        interrupts = 0;
        assertThat(read(IIR)).isEqualTo(0x01);
        fireTimer();
        assertThat(interrupts).isEqualTo(1);
        assertThat(read(IIR)).isEqualTo(0x02);
    }

    @Test
    void whoPrintsWithoutTheInterruptWaitsForNothing() {
        print("a kernel's message\n");
        assertThat(timer).isZero();
        assertThat(interrupts).isZero();
        write(IER, THRI);
        assertThat(interrupts).isEqualTo(1);
    }

    @Test
    void loopbackReturnsTheByte() {
        write(MCR, 0x10);
        write(IER, 0x01);
        write(DATA, 'q');
        assertThat(interrupts).isEqualTo(1);
        assertThat(read(LSR) & 1).isEqualTo(1);
        assertThat(read(IIR)).isEqualTo(0x04);
        assertThat(read(DATA)).isEqualTo('q');
        assertThat(read(LSR) & 1).isZero();
        print("\n");
        assertThat(lines).isEmpty();
    }

    @Test
    void savedInMidTransmissionItGoesOn() {
        write(FCR, 1);
        write(IER, THRI);
        read(IIR);
        print("half a li");
        SerialState state = serial.save();
        assertThat(state.transmitterEmptyPending()).isTrue();

        interrupts = 0;
        serial = fresh();
        serial.restore(state);
        assertThat(interrupts).as("the interrupt that was due").isEqualTo(1);
        assertThat(read(IIR)).isEqualTo(0xc2);
        print("ne\n");
        assertThat(lines).containsExactly("half a line");
        assertThat(serial.save()).isNotEqualTo(state);
    }

    @Test
    void stateSurvivesItsEncoding() {
        write(LCR, 0x83);
        write(DATA, 1);
        write(LCR, 0x1b);
        write(SCR, 0xaa);
        write(IER, 0x0f);
        write(FCR, 1);
        print("no end");
        SerialState state = serial.save();
        StateWriter out = new StateWriter();
        state.write(out);
        StateReader in = new StateReader(out.toByteArray());
        assertThat(SerialState.read(in)).isEqualTo(state);
        in.end();
        Serial other = fresh();
        other.restore(state);
        assertThat(other.save()).isEqualTo(state);
    }

    @Test
    void impossibleStatesAreRefused() {
        List<Runnable> impossible = List.of(
                () -> state(0x10000, 0, 0, 0, 0, -1, ""),
                () -> state(1, 0x10, 0, 0, 0, -1, ""),
                () -> state(1, 0, 0x100, 0, 0, -1, ""),
                () -> state(1, 0, 0, 0x20, 0, -1, ""),
                () -> state(1, 0, 0, 0, -1, -1, ""),
                () -> state(1, 0, 0, 0, 0, 0x100, ""),
                () -> state(1, 0, 0, 0, 0, -1, "x".repeat(LineAssembler.MAX_LINE + 1)));
        for (Runnable each : impossible) {
            assertThatThrownBy(each::run).isInstanceOf(CorruptStateException.class);
        }
    }

    @Test
    void onlyByteAccessesCount() {
        for (int size : new int[] {2, 4, 8}) {
            serial.write(DATA, size, 'x');
            assertThat(serial.read(LSR - size + 1, size)).isEqualTo(-1);
        }
        print("\n");
        assertThat(lines).containsExactly("");
    }

    @Test
    void theLastLineIsHandedOnWithoutAnEnd() {
        print("whole\ncut of");
        serial.endLine();
        serial.endLine();
        assertThat(lines).containsExactly("whole", "cut of");
    }

    private Serial fresh() {
        return new Serial(() -> interrupts++, lines::add, () -> now, delay -> timer = delay);
    }

    private void fireTimer() {
        now += timer;
        timer = 0;
        serial.onTimer();
    }

    private static SerialState state(int divisor, int ier, int lcr, int mcr, int scr, int received, String line) {
        return new SerialState(divisor, ier, lcr, mcr, scr, false, false, received, line);
    }

    private void print(String text) {
        for (byte octet : text.getBytes(StandardCharsets.ISO_8859_1)) {
            write(DATA, octet & 0xff);
        }
    }

    private int read(int register) {
        return (int) serial.read(register, 1);
    }

    private void write(int register, int value) {
        serial.write(register, 1, value);
    }
}
