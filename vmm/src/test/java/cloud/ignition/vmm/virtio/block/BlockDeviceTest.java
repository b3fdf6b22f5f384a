package cloud.ignition.vmm.virtio.block;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.Errno;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Used;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockDeviceTest {
    private static final int SECTOR = BlockDevice.SECTOR_BYTES;
    private static final int SECTORS = 64;
    private static final int CONFIG = 0x100;
    private static final byte UNTOUCHED = 0x55;

    @TempDir
    Path directory;

    private final byte[] content = new byte[SECTORS * SECTOR];
    private Path file;
    private BlockDevice device;
    private TestDriver driver;

    @BeforeEach
    void createDisk() throws IOException {
        new Random(7).nextBytes(content);
        file = Files.write(directory.resolve("disk"), content);
        open(false);
    }

    @AfterEach
    void close() {
        driver.transport.close();
    }

    @Test
    void tellsItsCapacityAndLimits() {
        assertThat(driver.transport.read(CONFIG, 8)).isEqualTo(SECTORS);
        assertThat(driver.transport.read(CONFIG + 12, 4)).isEqualTo(Limits.BLOCK_SEGMENTS);
        assertThat(driver.transport.read(CONFIG + 20, 4)).isEqualTo(SECTOR);
        assertThat(driver.transport.read(CONFIG + 36, 4)).isEqualTo(Limits.BLOCK_DISCARD_SECTORS);
        assertThat(driver.transport.read(CONFIG + 40, 4)).isEqualTo(Limits.BLOCK_DISCARD_SEGMENTS);
        assertThat(driver.transport.read(CONFIG + 44, 4)).isEqualTo(8);
        assertThat(driver.transport.read(CONFIG + 48, 4)).isEqualTo(Limits.BLOCK_DISCARD_SECTORS);
        assertThat(driver.transport.read(CONFIG + 52, 4)).isEqualTo(Limits.BLOCK_DISCARD_SEGMENTS);
        assertThat(driver.transport.read(CONFIG + 56, 1)).isEqualTo(1);
        long features = BlockDevice.F_RO | BlockDevice.F_FLUSH | BlockDevice.F_DISCARD | BlockDevice.F_WRITE_ZEROES;
        assertThat(driver.offered() & features).isEqualTo(features & ~BlockDevice.F_RO);
    }

    @Test
    void discardsAndZeroesRanges() throws IOException {
        byte[] expected = content.clone();
        assertThat(request(BlockDevice.T_DISCARD, 0, ranges(8, 16, 0, 40, 1, 0)))
                .isEqualTo(new Reply(0, 1));
        Arrays.fill(expected, 8 * SECTOR, 24 * SECTOR, (byte) 0);
        Arrays.fill(expected, 40 * SECTOR, 41 * SECTOR, (byte) 0);
        assertThat(Files.readAllBytes(file)).isEqualTo(expected);
        assertThat(request(BlockDevice.T_WRITE_ZEROES, 0, ranges(1, 2, 0, 60, 4, 1, 50, 0, 0)))
                .isEqualTo(new Reply(0, 1));
        Arrays.fill(expected, SECTOR, 3 * SECTOR, (byte) 0);
        Arrays.fill(expected, 60 * SECTOR, 64 * SECTOR, (byte) 0);
        assertThat(Files.readAllBytes(file)).as("the size stays").isEqualTo(expected);
    }

    @Test
    void impossibleRangesAreErrorsAndTouchNothing() throws IOException {
        long most = Limits.BLOCK_DISCARD_SECTORS;
        for (int type : new int[] {BlockDevice.T_DISCARD, BlockDevice.T_WRITE_ZEROES}) {
            assertRefused(type, BlockDevice.S_IOERR, ranges(0, 65, 0));
            assertRefused(type, BlockDevice.S_IOERR, ranges(64, 1, 0));
            assertRefused(type, BlockDevice.S_IOERR, ranges(-1, 1, 0));
            assertRefused(type, BlockDevice.S_IOERR, ranges(Long.MAX_VALUE, 2, 0));
            assertRefused(type, BlockDevice.S_IOERR, ranges(0, most + 1, 0));
            assertRefused(type, BlockDevice.S_IOERR, ranges(0, 0xffff_ffffL, 0));
            assertRefused(type, BlockDevice.S_IOERR, ranges(0, 1, 0, 64, 1, 0)); // the second of two
            assertRefused(type, BlockDevice.S_UNSUPP, ranges(0, 1, 2));
            assertRefused(type, BlockDevice.S_UNSUPP, ranges(0, 1, 0x8000_0001L));
            assertRefused(type, BlockDevice.S_IOERR, List.of());
            assertRefused(type, BlockDevice.S_IOERR, List.of(readable(driver.allocate(15), 15)));
            assertRefused(type, BlockDevice.S_IOERR, List.of(readable(driver.allocate(24), 24)));
            int tooLong = 16 * (Limits.BLOCK_DISCARD_SEGMENTS + 1);
            assertRefused(type, BlockDevice.S_IOERR, List.of(readable(driver.allocate(tooLong), tooLong)));
        }
        assertRefused(
                BlockDevice.T_DISCARD, BlockDevice.S_UNSUPP, ranges(0, 1, 1)); // §5.2.6.2: unmap is not for discards
        driver.start(driver.offered() & ~(BlockDevice.F_DISCARD | BlockDevice.F_WRITE_ZEROES));
        assertRefused(BlockDevice.T_DISCARD, BlockDevice.S_UNSUPP, ranges(0, 1, 0));
        assertRefused(BlockDevice.T_WRITE_ZEROES, BlockDevice.S_UNSUPP, ranges(0, 1, 0));
    }

    private void assertRefused(int type, int status, List<Buffer> data) throws IOException {
        assertThat(request(type, 0, data)).as("%d %s", type, data).isEqualTo(new Reply(status, 1));
        assertThat(Files.readAllBytes(file)).isEqualTo(content);
        assertThat(driver.lies).isEmpty();
    }

    /** Segments: sector, number of sectors, flags. */
    private List<Buffer> ranges(long... fields) {
        int bytes = fields.length / 3 * 16;
        long at = driver.allocate(bytes);
        for (int i = 0; i < fields.length / 3; i++) {
            driver.memory.setLong(at + 16L * i, fields[3 * i]);
            driver.memory.setInt(at + 16L * i + 8, (int) fields[3 * i + 1]);
            driver.memory.setInt(at + 16L * i + 12, (int) fields[3 * i + 2]);
        }
        return List.of(readable(at, bytes));
    }

    @Test
    void readsIntoScatteredMemory() {
        long first = driver.allocate(SECTOR);
        long second = driver.allocate(3 * SECTOR);
        Reply reply = request(BlockDevice.T_IN, 5, List.of(writable(first, 100), writable(second, 3 * SECTOR - 100)));
        assertThat(reply.status).isEqualTo(BlockDevice.S_OK);
        assertThat(reply.written).isEqualTo(3 * SECTOR + 1);
        assertThat(driver.memory.read(first, 100)).isEqualTo(sectors(5, 0, 100));
        assertThat(driver.memory.read(second, 3 * SECTOR - 100)).isEqualTo(sectors(5, 100, 3 * SECTOR));
        assertThat(driver.interruptStatus()).isEqualTo(Virtio.INTERRUPT_USED_BUFFER);
    }

    @Test
    void writesFromScatteredMemoryAndFlushes() throws IOException {
        byte[] data = new byte[2 * SECTOR];
        new Random(8).nextBytes(data);
        long at = driver.place(data);
        Reply reply = request(BlockDevice.T_OUT, 3, List.of(readable(at, 7), readable(at + 7, data.length - 7)));
        assertThat(reply.status).isEqualTo(BlockDevice.S_OK);
        assertThat(reply.written).isEqualTo(1);
        assertThat(request(BlockDevice.T_FLUSH, 0, List.of()).status).isEqualTo(BlockDevice.S_OK);
        byte[] after = Files.readAllBytes(file);
        assertThat(Arrays.copyOfRange(after, 3 * SECTOR, 5 * SECTOR)).isEqualTo(data);
        assertThat(Arrays.copyOf(after, 3 * SECTOR)).isEqualTo(Arrays.copyOf(content, 3 * SECTOR));
        assertThat(Arrays.copyOfRange(after, 5 * SECTOR, after.length))
                .isEqualTo(Arrays.copyOfRange(content, 5 * SECTOR, content.length));
    }

    @Test
    void headerAndStatusMayShareBuffersWithData() {
        long header = driver.allocate(16);
        long data = driver.allocate(SECTOR + 1);
        header(header, BlockDevice.T_IN, 1);
        driver.queue(0).add(readable(header, 3), readable(header + 3, 13), writable(data, SECTOR + 1));
        driver.kick(0);
        assertThat(driver.queue(0).takeUsed()).isNotNull();
        assertThat(driver.memory.read(data, SECTOR)).isEqualTo(sectors(1, 0, SECTOR));
        assertThat(driver.memory.getByte(data + SECTOR)).isZero();
    }

    @Test
    void givesItsId() {
        long at = driver.allocate(20);
        Reply reply = request(BlockDevice.T_GET_ID, 0, List.of(writable(at, 20)));
        assertThat(reply.status).isEqualTo(BlockDevice.S_OK);
        assertThat(new String(driver.memory.read(at, 20), StandardCharsets.US_ASCII))
                .isEqualTo("root" + "\0".repeat(16));
        assertThat(request(BlockDevice.T_GET_ID, 0, List.of(writable(at, 19))).status)
                .isEqualTo(BlockDevice.S_IOERR);
    }

    @Test
    void requestsOutsideTheDiskAreErrorsAndTouchNothing() {
        long at = driver.allocate(4 * SECTOR);
        long[] bad = {SECTORS, SECTORS - 3, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 55};
        for (long sector : bad) {
            driver.memory.slice(at, 4 * SECTOR).fill(UNTOUCHED);
            Reply read = request(BlockDevice.T_IN, sector, List.of(writable(at, 4 * SECTOR)));
            assertThat(read.status).isEqualTo(BlockDevice.S_IOERR);
            assertThat(read.written).isEqualTo(1);
            assertThat(driver.memory.getByte(at)).isEqualTo(UNTOUCHED);
            assertThat(request(BlockDevice.T_OUT, sector, List.of(readable(at, 4 * SECTOR))).status)
                    .isEqualTo(BlockDevice.S_IOERR);
        }
        assertThat(request(BlockDevice.T_IN, 0, List.of(writable(at, SECTOR - 1))).status)
                .isEqualTo(BlockDevice.S_IOERR);
        assertThat(driver.lies).isEmpty();
    }

    @Test
    void requestsOverTheLimitAreErrors() throws IOException {
        file = Files.write(directory.resolve("large"), new byte[0]);
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.position(64 << 20).write(ByteBuffer.wrap(new byte[SECTOR]));
        }
        driver.transport.close();
        open(false);
        long at = driver.allocate(1 << 20);
        List<Buffer> buffers = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            buffers.add(writable(at, 1 << 20));
        }
        assertThat(request(BlockDevice.T_IN, 0, buffers).status).isEqualTo(BlockDevice.S_OK);
        buffers.add(writable(at, SECTOR));
        assertThat(request(BlockDevice.T_IN, 0, buffers).status).isEqualTo(BlockDevice.S_IOERR);
    }

    @Test
    void unknownRequestsAreUnsupported() {
        for (int type : new int[] {2, 3, 5, 10, 12, 14, -1}) {
            assertThat(request(type, 0, List.of()).status).isEqualTo(BlockDevice.S_UNSUPP);
        }
    }

    @Test
    void readOnlyDisksRefuseWrites() throws IOException {
        driver.transport.close();
        open(true);
        assertThat(driver.offered() & BlockDevice.F_RO).isNotZero();
        long at = driver.allocate(SECTOR);
        assertThat(request(BlockDevice.T_OUT, 0, List.of(readable(at, SECTOR))).status)
                .isEqualTo(BlockDevice.S_IOERR);
        assertThat(request(BlockDevice.T_DISCARD, 0, ranges(0, 1, 0)).status).isEqualTo(BlockDevice.S_IOERR);
        assertThat(request(BlockDevice.T_WRITE_ZEROES, 0, ranges(0, 1, 0)).status)
                .isEqualTo(BlockDevice.S_IOERR);
        assertThat(driver.offered() & (BlockDevice.F_DISCARD | BlockDevice.F_WRITE_ZEROES))
                .isZero();
        assertThat(request(BlockDevice.T_IN, 0, List.of(writable(at, SECTOR))).status)
                .isEqualTo(BlockDevice.S_OK);
        assertThat(request(BlockDevice.T_FLUSH, 0, List.of()).status).isEqualTo(BlockDevice.S_OK);
        assertThat(Files.readAllBytes(file)).isEqualTo(content);
    }

    @Test
    void aDiskThatBecameShorterIsAnError() throws IOException {
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.truncate(SECTOR + 100);
        }
        long at = driver.allocate(2 * SECTOR);
        assertThat(request(BlockDevice.T_IN, 0, List.of(writable(at, SECTOR))).status)
                .isEqualTo(BlockDevice.S_OK);
        assertThat(request(BlockDevice.T_IN, 0, List.of(writable(at, 2 * SECTOR))).status)
                .isEqualTo(BlockDevice.S_IOERR);
    }

    @Test
    void hostErrorsReachTheGuestAsErrors() {
        driver.transport.close();
        FailingBackend failing = new FailingBackend();
        device = new BlockDevice(new BlockConfig("bad", false), failing);
        driver = new TestDriver(device).startAll();
        long at = driver.allocate(SECTOR);
        assertThat(request(BlockDevice.T_IN, 0, List.of(writable(at, SECTOR))).status)
                .isEqualTo(BlockDevice.S_IOERR);
        assertThat(request(BlockDevice.T_OUT, 0, List.of(readable(at, SECTOR))).status)
                .isEqualTo(BlockDevice.S_IOERR);
        assertThat(request(BlockDevice.T_FLUSH, 0, List.of()).status).isEqualTo(BlockDevice.S_IOERR);
        assertThat(request(BlockDevice.T_DISCARD, 0, ranges(0, 8, 0)).status).isEqualTo(BlockDevice.S_IOERR);
        assertThat(request(BlockDevice.T_WRITE_ZEROES, 0, ranges(0, 8, 0)).status)
                .as("the driver then writes zeroes itself")
                .isEqualTo(BlockDevice.S_UNSUPP);
        assertThat(driver.lies).isEmpty();
        failing.offsets.clear();
        failing.chunk = 100; // answers little by little
        assertThat(request(BlockDevice.T_IN, 0, List.of(writable(at, SECTOR))).status)
                .isEqualTo(BlockDevice.S_OK);
        assertThat(failing.offsets).containsExactly(0L, 100L, 200L, 300L, 400L, 500L);
    }

    @Test
    void requestsThatCannotBeAnsweredAreLies() {
        long header = driver.allocate(16);
        header(header, BlockDevice.T_IN, 0);
        driver.queue(0).add(readable(header, 16));
        driver.kick(0);
        assertThat(driver.lies).containsExactly("virtio device 2: block request of 16 readable and 0 writable bytes");
        driver.startAll();
        driver.queue(0).add(readable(header, 15), writable(header, 1));
        driver.kick(0);
        assertThat(driver.lies).hasSize(2);
        driver.startAll();
        assertThat(request(BlockDevice.T_FLUSH, 0, List.of()).status).isEqualTo(BlockDevice.S_OK);
    }

    @Test
    void isRestoredOntoTheSameDiskOnly() throws IOException {
        BlockState state = device.save();
        StateWriter out = new StateWriter();
        state.write(out);
        assertThat(BlockState.read(new StateReader(out.toByteArray()))).isEqualTo(state);
        device.restore(state);
        driver.transport.close();
        Files.write(file, new byte[SECTOR]);
        open(false);
        assertThatThrownBy(() -> device.restore(state))
                .isInstanceOf(CorruptStateException.class)
                .hasMessage("the disk was 64 sectors and is now 1 sectors");
        assertThatThrownBy(() -> new BlockState(-1, false)).isInstanceOf(CorruptStateException.class);
    }

    @Test
    void idsAreShortAscii() {
        assertThatThrownBy(() -> new BlockConfig("x".repeat(21), false)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BlockConfig("ü", false)).isInstanceOf(IllegalArgumentException.class);
    }

    private void open(boolean readOnly) {
        device = new BlockDevice(new BlockConfig("root", readOnly), FileBackend.open(file, readOnly));
        driver = new TestDriver(device).startAll();
    }

    private record Reply(int status, long written) {}

    private Reply request(int type, long sector, List<Buffer> data) {
        long header = driver.allocate(16);
        long status = driver.allocate(1);
        header(header, type, sector);
        driver.memory.setByte(status, (byte) 0xff);
        List<Buffer> chain = new ArrayList<>();
        chain.add(readable(header, 16));
        chain.addAll(data);
        chain.add(writable(status, 1));
        DriverQueue queue = driver.queue(0);
        int head = queue.add(chain.toArray(Buffer[]::new));
        driver.kick(0);
        Used used = Objects.requireNonNull(queue.takeUsed(), "no answer");
        assertThat(used.head()).isEqualTo(head);
        return new Reply(driver.memory.getByte(status), used.length());
    }

    private void header(long at, int type, long sector) {
        driver.memory.setInt(at, type);
        driver.memory.setInt(at + 4, 0);
        driver.memory.setLong(at + 8, sector);
    }

    private byte[] sectors(int first, int from, int to) {
        return Arrays.copyOfRange(content, first * SECTOR + from, first * SECTOR + to);
    }

    private static final class FailingBackend implements BlockBackend {
        final List<Long> offsets = new ArrayList<>();
        int chunk;

        @Override
        public long sizeBytes() {
            return 1 << 20;
        }

        @Override
        public long read(IoVector into, long offset) {
            offsets.add(offset);
            return chunk == 0 ? -Errno.EIO : Math.min(chunk, into.totalBytes());
        }

        @Override
        public long write(IoVector from, long offset) {
            return -Errno.ENOSPC;
        }

        @Override
        public int flush() {
            return -Errno.EIO;
        }

        @Override
        public int discard(long offset, long length) {
            return -Errno.EIO;
        }

        @Override
        public int writeZeroes(long offset, long length, boolean unmap) {
            return -Errno.EOPNOTSUPP;
        }

        @Override
        public void close() {}
    }
}
