package cloud.ignition.vmm.virtio;

import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Coverage-guided target: any bytes as accesses of a guest to the registers and rings of each device, and of a plain
 * device next to {@link MmioModel}. {@code make fuzz} looks for new inputs, every run of the tests repeats those kept.
 */
public class RegistersFuzzTest {
    private static final Path CORPUS = Path.of("src/test/resources/corpus/registers");
    private static final int RECORD_BYTES = 8;
    private static final int MOST_RECORDS = 128;
    private static final int MODEL_OFFSETS = 0x200;
    private static final DeviceKind[] DEVICES = DeviceKind.values();
    private static final int[] WIDTHS = {1, 2, 4, 8};
    private static final GuestMemory MEMORY = TestRam.of(TestDriver.RAM_BYTES);

    /** @param input a byte that chooses the device; then records: operation, width, 16-bit offset, 32-bit value */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length == 0) {
            return;
        }
        ByteBuffer records = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        int device = (records.get() & 0xff) % (DEVICES.length + 1);
        if (device == 0) {
            likeTheModel(records);
        } else {
            withRings(DEVICES[device - 1], records);
        }
    }

    private static void likeTheModel(ByteBuffer records) {
        TestDriver driver = new TestDriver(new TestDevice(), MEMORY);
        MmioModel model = new MmioModel(TestDriver.RAM_BYTES);
        while (records.remaining() >= RECORD_BYTES) {
            int operation = records.get();
            int width = WIDTHS[records.get() & 3];
            int offset = Short.toUnsignedInt(records.getShort()) % MODEL_OFFSETS;
            long value = Integer.toUnsignedLong(records.getInt()) & (-1L >>> (Long.SIZE - 8 * width));
            if ((operation & 1) == 0) {
                require(driver.transport.read(offset, width) == model.read(offset, width), "read", offset, width);
            } else {
                driver.write(offset, width, value);
                model.write(offset, width, value);
            }
            require(driver.transport.save().equals(model.state()), "state", offset, width);
            require(driver.requested.equals(model.notified), "notified queues", offset, width);
            driver.requested.clear();
            model.notified.clear();
        }
    }

    private static void withRings(DeviceKind kind, ByteBuffer records) {
        try (FuzzMachine machine = new FuzzMachine(kind, MEMORY)) {
            for (int i = 0; i < MOST_RECORDS && records.remaining() >= RECORD_BYTES; i++) {
                int operation = records.get();
                int width = WIDTHS[records.get() & 3];
                int offset = Short.toUnsignedInt(records.getShort());
                int value = records.getInt();
                machine.host.random().setSeed(value);
                switch (operation & 7) {
                    case 0 -> machine.driver.transport.read(offset & 0xff8, width);
                    case 1, 2 ->
                        machine.driver.write(offset & 0xfff & -width, width, value & (-1L >>> (Long.SIZE - 8 * width)));
                    case 3 -> MEMORY.setInt(4L * offset, value);
                    case 4 -> machine.driver.startAll();
                    case 5 -> machine.driver.kick(offset % machine.driver.transport.queueCount());
                    case 6 -> machine.driver.transport.onBackendReadable();
                    default -> FuzzOperation.REQUEST.apply(machine, machine.host.random());
                }
                machine.driver.runRequested();
                machine.check();
            }
            machine.end();
        }
    }

    private static void require(boolean condition, String what, int offset, int width) {
        if (!condition) {
            throw new AssertionError(
                    what + " differs after 0x" + Integer.toHexString(offset) + ", " + width + " bytes");
        }
    }

    static List<Path> kept() throws IOException {
        try (var files = Files.list(CORPUS)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("kept")
    void keptInputsStayHarmless(Path file) throws IOException {
        fuzzerTestOneInput(Files.readAllBytes(file));
    }
}
