package cloud.ignition.vmm.virtio;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.vmm.NetRate;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.balloon.BalloonConfig;
import cloud.ignition.vmm.virtio.balloon.BalloonDevice;
import cloud.ignition.vmm.virtio.block.BlockConfig;
import cloud.ignition.vmm.virtio.block.BlockDevice;
import cloud.ignition.vmm.virtio.console.ConsoleDevice;
import cloud.ignition.vmm.virtio.net.MacAddress;
import cloud.ignition.vmm.virtio.net.NetConfig;
import cloud.ignition.vmm.virtio.net.NetDevice;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import cloud.ignition.vmm.virtio.queue.TestRam;
import cloud.ignition.vmm.virtio.rng.RngConfig;
import cloud.ignition.vmm.virtio.rng.RngDevice;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random drivers against each device: registers, rings and descriptors written right, nearly right and at random, with
 * resets and restores in between. Nothing but a lie may come of it, memory outside RAM is never touched (the back ends
 * check their iovecs), and afterwards the device still works for an honest driver.
 *
 * <p>{@code -Dfuzz.operations=N -Dfuzz.seed=S} for more, or for the same again.
 */
class DeviceFuzzTest {
    private static final int OPERATIONS = Integer.getInteger("fuzz.operations", 60_000);
    private static final long SEED = Long.getLong("fuzz.seed", 20_261_124L);

    private static final int[] REGISTERS = {
        0x000, 0x010, 0x014, 0x020, 0x024, 0x030, 0x034, 0x038, 0x044, 0x050, 0x060, 0x064, 0x070, 0x080, 0x084, 0x090,
        0x094, 0x0a0, 0x0a4, 0x0ac, 0x0b0, 0x0c0, 0x0fc, 0x100, 0x104, 0x108, 0x13c, 0x200, 0xffc
    };
    private static final int[] SIZES = {1, 2, 4, 4, 4, 4, 8};

    enum Kind {
        BLOCK,
        NET,
        RNG,
        CONSOLE,
        BALLOON;

        VirtioDevice make(GuestMemory memory, Random random) {
            return switch (this) {
                case BLOCK ->
                    new BlockDevice(
                            new BlockConfig("fuzz", random.nextInt(4) == 0), new FuzzBackends.Disk(memory, random));
                case NET ->
                    new NetDevice(
                            new NetConfig(
                                    new MacAddress(0x02_00_00_00_00_01L),
                                    List.of(),
                                    new NetRate(Optional.of(new NetRate.Budget(1_000_000, 100_000)), Optional.empty()),
                                    random.nextBoolean()),
                            new FuzzBackends.Wire(memory, random),
                            System::nanoTime);
                case RNG -> new RngDevice(new RngConfig(1 << 20, 1 << 16), t -> t.fill((byte) 1), System::nanoTime);
                case CONSOLE ->
                    new ConsoleDevice(bytes -> assertThat(bytes).hasSizeBetween(1, Limits.CONSOLE_OUTPUT_PIECE_BYTES));
                case BALLOON ->
                    new BalloonDevice(
                            new BalloonConfig(TestDriver.RAM_BYTES), new FuzzBackends.FreeMemory(memory, random));
            };
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void survives(Kind kind) {
        Random random = new Random(SEED);
        GuestMemory memory = TestRam.of(TestDriver.RAM_BYTES);
        TestDriver driver = new TestDriver(kind.make(memory, random), memory);
        int lies = 0;
        int used = 0;
        int restores = 0;
        for (int operation = 0; operation < OPERATIONS; operation++) {
            try {
                switch (random.nextInt(40)) {
                    case 0 -> driver.start(driver.offered() & (random.nextLong() | Virtio.F_VERSION_1));
                    case 1 -> driver.startAll();
                    case 2, 3, 4 -> randomRegister(driver, random);
                    case 5, 6, 7, 8 -> damage(driver, random);
                    case 9 -> {
                        if (random.nextInt(5) == 0) {
                            driver = restored(kind, driver);
                            restores++;
                        }
                    }
                    case 10, 11 -> driver.transport.onBackendReadable();
                    case 12 -> {
                        driver.transport.kickAll();
                        driver.transport.onTimer();
                    }
                    case 13 -> sendInput(driver, random);
                    default -> request(driver, random);
                }
                used += driver.queues.stream().mapToInt(q -> discardUsed(q)).sum();
                lies += driver.lies.size();
                driver.lies.clear();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("-Dfuzz.seed=" + SEED + ", " + kind + " operation " + operation, e);
            }
        }
        assertThat(lies).as("lies found").isGreaterThan(OPERATIONS / 1000);
        assertThat(used).as("requests done").isGreaterThan(OPERATIONS / 100);
        assertThat(restores).isPositive();
        driver.startAll();
        assertThat(driver.status()).isEqualTo(0xf);
        driver.transport.close();
    }

    private static void randomRegister(TestDriver driver, Random random) {
        int register = REGISTERS[random.nextInt(REGISTERS.length)];
        int size = SIZES[random.nextInt(SIZES.length)];
        driver.transport.read(register, size);
        long value = switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> 1L << random.nextInt(33);
            default -> random.nextInt(16);
        };
        if (register != 0x070 || random.nextInt(4) == 0) {
            driver.transport.write(register, size, value & (size == 8 ? -1L : (1L << (8 * size)) - 1));
        }
    }

    /** Overwrites something in a ring or a descriptor. */
    private static void damage(TestDriver driver, Random random) {
        if (driver.queues.isEmpty() || random.nextInt(3) != 0) {
            return;
        }
        DriverQueue queue = driver.queues.get(random.nextInt(driver.queues.size()));
        switch (random.nextInt(4)) {
            case 0 -> driver.memory.setLong(queue.descriptorAddress() + 8L * random.nextInt(64), random.nextLong());
            case 1 ->
                driver.memory.setShort(queue.availAddress() + 2L * random.nextInt(40), (short) random.nextInt(300));
            case 2 -> driver.memory.setShort(queue.availAddress() + 2, (short) random.nextInt());
            default ->
                queue.descriptor(
                        random.nextInt(queue.size()),
                        address(random),
                        random.nextInt(1 << random.nextInt(1, 31)),
                        random.nextInt(8),
                        random.nextInt(queue.size() + 1));
        }
    }

    private static void request(TestDriver driver, Random random) {
        if (driver.queues.isEmpty()) {
            return;
        }
        int index = random.nextInt(driver.queues.size());
        DriverQueue queue = driver.queues.get(index);
        int pieces = 1 + random.nextInt(4);
        if (queue.freeDescriptors() < pieces) {
            driver.kick(index);
            return;
        }
        int firstWritable = random.nextInt(3) == 0 ? random.nextInt(pieces + 1) : (index == 0 ? 0 : pieces);
        if (driver.transport.device().deviceId() == Virtio.ID_BLOCK) {
            firstWritable = Math.max(1, firstWritable);
        } else if (driver.transport.device().deviceId() == Virtio.ID_BALLOON && random.nextInt(8) != 0) {
            firstWritable = index == 2 ? 0 : pieces; // reports are written to, frame numbers are read
        }
        DriverQueue.Buffer[] buffers = new DriverQueue.Buffer[pieces];
        for (int i = 0; i < pieces; i++) {
            long at = address(random);
            int length = i == 0
                    ? (driver.transport.device().deviceId() == Virtio.ID_NET ? 60 : 16)
                    : 1 + random.nextInt(random.nextBoolean() ? 64 : 9000);
            buffers[i] = i >= firstWritable ? writable(at, length) : readable(at, length);
            if (i == 0 && firstWritable > 0 && driver.memory.contains(at, 16)) {
                driver.memory.setInt(at, random.nextInt(15)); // a block request's type and sector
                driver.memory.setLong(at + 8, random.nextInt(300));
            }
            if (driver.transport.device().deviceId() == Virtio.ID_NET && driver.memory.contains(at, 24)) {
                driver.memory.setShort(at, (short) random.nextInt(8)); // virtio header: flags, no segmentation
                driver.memory.write(at + 12 + 6, new byte[] {2, 0, 0, 0, 0, (byte) random.nextInt(3)}); // source
            }
        }
        if (random.nextInt(4) == 0) {
            queue.addIndirect(0x80000 + 256L * random.nextInt(100), buffers);
        } else {
            queue.add(buffers);
        }
        if (random.nextInt(3) != 0) {
            driver.kick(index);
        }
    }

    private static long address(Random random) {
        return switch (random.nextInt(60)) {
            case 0 -> random.nextLong();
            case 1 -> TestDriver.RAM_BYTES - random.nextInt(64);
            default -> (1 << 20) + random.nextInt(2 << 20);
        };
    }

    private static void sendInput(TestDriver driver, Random random) {
        if (driver.transport.device() instanceof ConsoleDevice console) {
            console.send(new byte[random.nextInt(2000)]);
            driver.runRequested();
        }
    }

    /** A new machine with the old one's memory and transport state; its driver does not notice. */
    private static TestDriver restored(Kind kind, TestDriver old) {
        MmioTransportState state = old.transport.save();
        TestDriver fresh = new TestDriver(kind.make(old.memory, new Random(1)), old.memory);
        if (fresh.offered() != old.offered()) {
            fresh.transport.close();
            return old; // a writable disk where there was a read-only one, or the other way round
        }
        old.transport.close();
        fresh.transport.restore(state);
        assertThat(fresh.transport.save()).isEqualTo(state);
        fresh.queues.addAll(old.queues);
        fresh.transport.kickAll();
        fresh.runRequested();
        return fresh;
    }

    /** Takes used entries; with a damaged ring they mean nothing. */
    private static int discardUsed(DriverQueue queue) {
        int count = 0;
        try {
            while (queue.takeUsed() != null) {
                count++;
            }
        } catch (AssertionError notInFlight) {
            count++;
        }
        return count;
    }
}
