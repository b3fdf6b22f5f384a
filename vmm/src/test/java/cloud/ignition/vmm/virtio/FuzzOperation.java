package cloud.ignition.vmm.virtio;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;

import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * What a fuzzed guest does. Most of it is right, so that the device gets somewhere; then one field of it is changed.
 * Kept cases name these constants: a new one may be added, an old one's meaning stays.
 */
enum FuzzOperation {
    /** A driver that starts right, with any of the features and any size of queues. */
    START(3) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            bringUp(machine.driver, random).forEach(write -> write.to(machine.driver));
            machine.driver.runRequested();
        }
    },
    /** A driver that starts right, with everything there is. */
    START_ALL(3) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            machine.driver.startAll();
        }
    },
    /** A driver that starts nearly right. */
    START_WRONG(3) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            List<Write> writes = bringUp(machine.driver, random);
            int faults = 1 + random.nextInt(2);
            for (int fault = 0; fault < faults; fault++) {
                mutate(writes, random);
            }
            writes.forEach(write -> write.to(machine.driver));
            machine.driver.runRequested();
        }
    },
    RESET(1) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            machine.driver.write(MmioRegister.STATUS, 0);
        }
    },
    READ(4) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            machine.driver.transport.read(offset(random), width(random));
        }
    },
    WRITE(6) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            anyWrite(random).to(machine.driver);
            machine.driver.runRequested();
        }
    },
    /** A request as the device wants it, or nearly. */
    REQUEST(60) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            request(machine, random);
        }
    },
    KICK(4) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            if (!machine.driver.queues.isEmpty()) {
                machine.driver.kick(random.nextInt(machine.driver.queues.size()));
            }
        }
    },
    /** One bit of a ring or a descriptor. */
    FLIP(12) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            if (!machine.driver.queues.isEmpty()) {
                DriverQueue queue = anyQueue(machine.driver, random);
                long at = switch (random.nextInt(4)) {
                    case 0 -> queue.availAddress() + random.nextInt(4);
                    case 1 -> queue.availAddress() + 4 + random.nextInt(2 * queue.size() + 2);
                    case 2 -> queue.usedAddress() + random.nextInt(4 + 8 * queue.size() + 2);
                    default -> queue.descriptorAddress() + 16L * recent(queue, machine, random) + random.nextInt(16);
                };
                machine.host.flipBit(at);
            }
        }
    },
    /** A whole field of a ring or a descriptor. */
    OVERWRITE(6) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            if (!machine.driver.queues.isEmpty()) {
                overwrite(machine, random);
            }
        }
    },
    /** A chain goes on where it should not. */
    RELINK(4) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            if (!machine.driver.queues.isEmpty()) {
                DriverQueue queue = anyQueue(machine.driver, random);
                long at = queue.descriptorAddress() + 16L * recent(queue, machine, random);
                int next = random.nextInt(4) == 0 ? random.nextInt(300) : recent(queue, machine, random);
                machine.driver.memory.setShort(
                        at + 12, (short) (machine.driver.memory.getShort(at + 12) | DriverQueue.F_NEXT));
                machine.driver.memory.setShort(at + 14, (short) next);
            }
        }
    },
    /** One bit of an indirect table or of a request's header. */
    FLIP_DATA(6) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            boolean table = random.nextBoolean();
            machine.host.flipBit(
                    table ? TABLES + random.nextInt(TABLES_BYTES) : dataSlot(random) + random.nextInt(HEADER_BYTES));
        }
    },
    BACKEND_READABLE(6) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            machine.driver.transport.onBackendReadable();
            machine.driver.runRequested();
        }
    },
    BACKEND_WRITABLE(1) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            machine.driver.transport.onBackendWritable();
            machine.driver.runRequested();
        }
    },
    TIMER(2) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            machine.driver.transport.onTimer();
            machine.driver.runRequested();
        }
    },
    HOST_EVENT(3) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            machine.kind.hostEvent(machine.driver.transport.device(), random);
            machine.driver.runRequested();
        }
    },
    KICK_ALL(2) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            machine.driver.transport.kickAll();
            machine.driver.runRequested();
        }
    },
    RESTORE(1) {
        @Override
        void apply(FuzzMachine machine, Random random) {
            machine.restore();
        }
    };

    private static final int TABLES = 0x80000;
    private static final int TABLE_BYTES = 256;
    private static final int TABLES_BYTES = 100 * TABLE_BYTES;
    private static final int HEADER_BYTES = 64;
    private static final int DATA_SLOTS = 400;
    private static final int DATA_SLOT_BYTES = 5000;
    private static final int WINDOW = 0x1000;
    private static final int[] WIDTHS = {1, 2, 4, 4, 4, 4, 8};

    private static final FuzzOperation[] WEIGHTED = java.util.Arrays.stream(values())
            .flatMap(operation -> Collections.nCopies(operation.weight, operation).stream())
            .toArray(FuzzOperation[]::new);

    private final int weight;

    FuzzOperation(int weight) {
        this.weight = weight;
    }

    static FuzzOperation random(Random random) {
        return WEIGHTED[random.nextInt(WEIGHTED.length)];
    }

    /** @param random decides all that is open */
    abstract void apply(FuzzMachine machine, Random random);

    private record Write(int offset, int size, long value) {
        void to(TestDriver driver) {
            driver.write(offset, size, value & (-1L >>> (Long.SIZE - 8 * size)));
        }
    }

    /** All register writes of a driver that does it right; its queues are made. */
    private static List<Write> bringUp(TestDriver driver, Random random) {
        long offered = driver.offered();
        long features = random.nextInt(4) == 0 ? offered : offered & (random.nextLong() | Virtio.F_VERSION_1);
        List<Write> writes = new ArrayList<>();
        add(writes, MmioRegister.STATUS, 0);
        add(writes, MmioRegister.STATUS, 1);
        add(writes, MmioRegister.STATUS, 3);
        add(writes, MmioRegister.DRIVER_FEATURES_SEL, 0);
        add(writes, MmioRegister.DRIVER_FEATURES, features);
        add(writes, MmioRegister.DRIVER_FEATURES_SEL, 1);
        add(writes, MmioRegister.DRIVER_FEATURES, features >>> 32);
        add(writes, MmioRegister.STATUS, 0xb);
        driver.queues.clear();
        for (int i = 0; i < driver.transport.queueCount(); i++) {
            int size = random.nextInt(3) == 0 ? Limits.QUEUE_SIZE : 1 << random.nextInt(8);
            DriverQueue queue = new DriverQueue(driver.memory, driver.queueArea(i), size);
            driver.memory.slice(driver.queueArea(i), TestDriver.QUEUE_BYTES / 4).fill((byte) 0);
            driver.queues.add(queue);
            add(writes, MmioRegister.QUEUE_SEL, i);
            add(writes, MmioRegister.QUEUE_NUM, size);
            add(writes, MmioRegister.QUEUE_DESC_LOW, queue.descriptorAddress());
            add(writes, MmioRegister.QUEUE_DESC_HIGH, 0);
            add(writes, MmioRegister.QUEUE_DRIVER_LOW, queue.availAddress());
            add(writes, MmioRegister.QUEUE_DRIVER_HIGH, 0);
            add(writes, MmioRegister.QUEUE_DEVICE_LOW, queue.usedAddress());
            add(writes, MmioRegister.QUEUE_DEVICE_HIGH, 0);
            add(writes, MmioRegister.QUEUE_READY, 1);
        }
        add(writes, MmioRegister.STATUS, 0xf);
        return writes;
    }

    private static void add(List<Write> writes, int register, long value) {
        writes.add(new Write(register, Integer.BYTES, value));
    }

    private static void mutate(List<Write> writes, Random random) {
        int at = random.nextInt(writes.size());
        Write write = writes.get(at);
        switch (random.nextInt(6)) {
            case 0 -> writes.remove(at);
            case 1 -> writes.add(at, write);
            case 2 -> Collections.swap(writes, at, random.nextInt(writes.size()));
            case 3 -> writes.add(at, anyWrite(random));
            case 4 -> writes.set(at, new Write(write.offset, write.size, random.nextLong()));
            default -> writes.set(at, new Write(write.offset, write.size, write.value ^ (1L << random.nextInt(32))));
        }
    }

    private static Write anyWrite(Random random) {
        int offset = offset(random);
        if (offset == MmioRegister.STATUS && random.nextInt(4) != 0) {
            offset = MmioRegister.QUEUE_NOTIFY; // or nothing would ever run for long
        }
        long value = switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> 1L << random.nextInt(33);
            default -> random.nextInt(16);
        };
        return new Write(offset, width(random), value);
    }

    private static int offset(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextInt(WINDOW - Long.BYTES + 1);
            case 1 -> MmioRegister.CONFIG + random.nextInt(64);
            default -> 4 * random.nextInt(64);
        };
    }

    private static int width(Random random) {
        return WIDTHS[random.nextInt(WIDTHS.length)];
    }

    private static DriverQueue anyQueue(TestDriver driver, Random random) {
        return driver.queues.get(random.nextInt(driver.queues.size()));
    }

    /** A descriptor of one of the last requests, or one of its successors. */
    private static int recent(DriverQueue queue, FuzzMachine machine, Random random) {
        int slot = (queue.availIndex() - 1 - random.nextInt(4)) & (queue.size() - 1);
        int head = machine.driver.memory.getShort(queue.availAddress() + 4 + 2L * slot);
        return (head + random.nextInt(4)) & (queue.size() - 1);
    }

    private static void overwrite(FuzzMachine machine, Random random) {
        DriverQueue queue = anyQueue(machine.driver, random);
        int index = recent(queue, machine, random);
        switch (random.nextInt(5)) {
            case 0 ->
                machine.driver.memory.setLong(
                        queue.descriptorAddress() + 16L * index + 8L * random.nextInt(2), random.nextLong());
            case 1 ->
                machine.driver.memory.setShort(
                        queue.availAddress() + 4 + 2L * random.nextInt(queue.size()), (short) random.nextInt(300));
            case 2 -> machine.driver.memory.setShort(queue.availAddress() + 2, (short) random.nextInt());
            case 3 -> queue.setUsedEvent(random.nextInt());
            default ->
                queue.descriptor(
                        index,
                        address(random),
                        random.nextInt(1 << random.nextInt(1, 31)),
                        random.nextInt(8),
                        random.nextInt(queue.size() + 1));
        }
    }

    private static void request(FuzzMachine machine, Random random) {
        TestDriver driver = machine.driver;
        if (driver.queues.isEmpty() || (driver.needsReset() && random.nextInt(4) == 0)) {
            driver.startAll();
        }
        int index = random.nextInt(driver.queues.size());
        DriverQueue queue = driver.queues.get(index);
        int pieces = 1 + random.nextInt(4);
        boolean indirect = random.nextInt(4) == 0;
        if (queue.freeDescriptors() < (indirect ? 1 : pieces)) {
            driver.kick(index);
            return;
        }
        int deviceId = driver.transport.device().deviceId();
        int firstWritable = firstWritable(deviceId, index, pieces, random);
        DriverQueue.Buffer[] buffers = new DriverQueue.Buffer[pieces];
        for (int i = 0; i < pieces; i++) {
            long at = address(random);
            boolean header = i == 0 && firstWritable > 0;
            int length = header ? headerBytes(deviceId) : 1 + random.nextInt(random.nextBoolean() ? 64 : 9000);
            if (random.nextInt(3) == 0) {
                length = (length + 511) & -512;
            }
            buffers[i] = i >= firstWritable ? writable(at, length) : readable(at, length);
            if (header && driver.memory.contains(at, HEADER_BYTES)) {
                writeHeader(deviceId, driver.memory, at, random);
            }
        }
        if (indirect) {
            queue.addIndirect(TABLES + TABLE_BYTES * random.nextInt(100), buffers);
        } else {
            queue.add(buffers);
        }
        if (random.nextInt(3) != 0) {
            driver.kick(index);
        }
    }

    /** Where a request's pieces begin to be written by the device, mostly as the device wants it. */
    private static int firstWritable(int deviceId, int queue, int pieces, Random random) {
        if (random.nextInt(4) == 0) {
            return random.nextInt(pieces + 1);
        }
        return switch (deviceId) {
            case Virtio.ID_BLOCK -> 1 + random.nextInt(pieces);
            case Virtio.ID_BALLOON -> queue == 2 ? 0 : pieces; // reports are written to, frame numbers are read
            default -> queue == 0 ? 0 : pieces;
        };
    }

    private static int headerBytes(int deviceId) {
        return deviceId == Virtio.ID_NET ? 60 : 16;
    }

    /** What a device reads first. */
    private static void writeHeader(int deviceId, GuestMemory memory, long at, Random random) {
        if (deviceId == Virtio.ID_NET) {
            memory.setLong(at, random.nextInt(8)); // virtio header: flags, no segmentation
            memory.write(at + 12 + 6, new byte[] {2, 0, 0, 0, 0, (byte) random.nextInt(3)}); // source
        } else {
            memory.setInt(at, random.nextInt(16)); // a block request's type and sector, frame numbers of a balloon
            memory.setLong(at + 8, random.nextInt(300));
        }
    }

    private static long address(Random random) {
        return switch (random.nextInt(200)) {
            case 0 -> random.nextLong();
            case 1 -> TestDriver.RAM_BYTES - random.nextInt(64);
            default -> dataSlot(random) + (random.nextInt(4) == 0 ? random.nextInt(HEADER_BYTES) : 0);
        };
    }

    /** One of few places, so that pieces overlap and a flipped bit is looked at. */
    private static long dataSlot(Random random) {
        return TestDriver.DATA_START + (long) DATA_SLOT_BYTES * random.nextInt(DATA_SLOTS);
    }
}
