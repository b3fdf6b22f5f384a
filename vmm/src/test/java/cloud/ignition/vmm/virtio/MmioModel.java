package cloud.ignition.vmm.virtio;

import cloud.ignition.vmm.virtio.queue.QueueState;
import java.util.ArrayList;
import java.util.List;

/**
 * The register block as virtio 1.2 §4.2.2 and §3.1 have it, for {@link TestDevice}: written from the specification, with
 * its numbers, and of nothing else but docs/adr/0017 for the interrupt word. Where the specification only binds the driver, the answer is Ignition's promise: reads
 * zero, writes nothing.
 */
final class MmioModel {
    static final class Queue {
        final int max;
        int num;
        boolean ready;
        long desc;
        long driver;
        long device;
        int nextAvail;
        int nextUsed;

        Queue(int max) {
            this.max = max;
        }

        QueueState state() {
            return new QueueState(num, ready, desc, driver, device, nextAvail, nextUsed);
        }

        boolean canBeUsed(long ram) {
            return num != 0
                    && fits(desc, 16, 16L * num, ram)
                    && fits(driver, 2, 6 + 2L * num, ram)
                    && fits(device, 4, 6 + 8L * num, ram);
        }

        private static boolean fits(long at, int alignment, long length, long ram) {
            return at >= 0 && at % alignment == 0 && at <= ram - length;
        }
    }

    /** FEATURE, NEEDS_FEATURE, INDIRECT_DESC, EVENT_IDX, VERSION_1. */
    private static final long OFFERED = (1L << 3) | (1L << 4) | (1L << 28) | (1L << 29) | (1L << 32);

    private static final byte[] CONFIG = {0x44, 0x33, 0x22, 0x11};

    final Queue[] queues = {new Queue(16), new Queue(8)};
    final List<Integer> notified = new ArrayList<>();
    private final long ram;
    int status;
    int interruptStatus;
    int lies;
    private int deviceFeaturesSel;
    private int driverFeaturesSel;
    private int queueSel;
    private int lowFeatures;
    private int highFeatures;
    private int configByte = 0x77;
    private long interruptWord;
    private boolean hasWord;

    MmioModel(long ram) {
        this.ram = ram;
    }

    MmioTransportState state() {
        return new MmioTransportState(
                42,
                status,
                deviceFeaturesSel,
                driverFeaturesSel,
                features(),
                queueSel,
                interruptStatus,
                0,
                interruptWord,
                List.of(queues[0].state(), queues[1].state()));
    }

    long read(int offset, int width) {
        if (offset >= 0x100) {
            return readConfig(offset - 0x100, width);
        }
        if (width != 4) {
            return 0; // §4.2.2.2: control registers are 32 bits wide
        }
        int value = switch (offset) {
            case 0x000 -> 0x74726976;
            case 0x004 -> 2;
            case 0x008 -> 42;
            case 0x00c -> 0x494e4749;
            case 0x010 -> deviceFeaturesSel == 0 ? (int) OFFERED : deviceFeaturesSel == 1 ? (int) (OFFERED >>> 32) : 0;
            case 0x034 -> exists() ? queues[queueSel].max : 0;
            case 0x044 -> exists() && queues[queueSel].ready ? 1 : 0;
            case 0x060 -> interruptStatus;
            case 0x070 -> status;
            case 0x0f0 -> 1;
            case 0x0b0, 0x0b4, 0x0b8, 0x0bc -> -1; // no shared memory region
            default -> 0;
        };
        return Integer.toUnsignedLong(value);
    }

    void write(int offset, int width, long wide) {
        if (offset >= 0x100) {
            if (offset == 0x104 && width == 1) {
                configByte = (int) wide;
            }
            return;
        }
        if (width != 4) {
            return;
        }
        int value = (int) wide;
        switch (offset) {
            case 0x014 -> deviceFeaturesSel = value;
            case 0x024 -> driverFeaturesSel = value;
            case 0x020 -> writeFeatures(value);
            case 0x030 -> queueSel = value;
            case 0x044 -> writeReady(value);
            case 0x050 -> {
                if (isLive() && (value == 0 || value == 1)) {
                    notify(value);
                }
            }
            case 0x064 -> interruptStatus &= ~value;
            case 0x070 -> writeStatus(value);
            case 0x0f0, 0x0f4 -> {
                if (isQueueSetUp()) {
                    interruptWord = half(interruptWord, offset, value);
                }
            }
            default -> {
                if (isQueueSetUp() && exists() && !queues[queueSel].ready) {
                    writeQueue(queues[queueSel], offset, value);
                }
            }
        }
    }

    /** §2.1.2: the device needs a reset; with DRIVER_OK set it sends a configuration change notification. */
    void lie() {
        lies++;
        status |= 0x40;
        if ((status & 4) != 0 && !hasWord) {
            interruptStatus |= 2;
        }
    }

    private void notify(int queue) {
        if (!notified.contains(queue)) {
            notified.add(queue); // as with an eventfd
        }
    }

    private long readConfig(int offset, int width) {
        if (offset == 4 && width == 1) {
            return configByte;
        }
        long value = 0;
        for (int i = width - 1; i >= 0; i--) {
            value = (value << 8) | (offset + i < CONFIG.length ? CONFIG[offset + i] : 0);
        }
        return value;
    }

    /** §3.1.1: features are chosen between DRIVER and FEATURES_OK. */
    private void writeFeatures(int value) {
        if ((status & ~1) != 2) {
            return;
        }
        if (driverFeaturesSel == 0) {
            lowFeatures = value;
        } else if (driverFeaturesSel == 1) {
            highFeatures = value;
        }
    }

    private void writeReady(int value) {
        if (!exists()) {
            return;
        }
        Queue queue = queues[queueSel];
        if (value == 0) {
            queue.ready = false;
            queue.nextAvail = 0;
            queue.nextUsed = 0;
        } else if (value == 1 && !queue.ready && isQueueSetUp()) {
            if (queue.canBeUsed(ram)) {
                queue.ready = true;
            } else {
                lie();
            }
        }
    }

    private void writeQueue(Queue queue, int offset, int value) {
        switch (offset) {
            case 0x038 -> {
                // §4.2.2.2: not more than QueueNumMax; §2.7: a power of two
                if (value >= 1 && value <= queue.max && (value & (value - 1)) == 0) {
                    queue.num = value;
                } else {
                    lie();
                }
            }
            case 0x080, 0x084 -> queue.desc = half(queue.desc, offset, value);
            case 0x090, 0x094 -> queue.driver = half(queue.driver, offset, value);
            case 0x0a0, 0x0a4 -> queue.device = half(queue.device, offset, value);
            default -> {}
        }
    }

    private static long half(long whole, int offset, int value) {
        long given = value & 0xffff_ffffL;
        return (offset & 4) == 0 ? ((whole >>> 32) << 32) | given : (given << 32) | (whole & 0xffff_ffffL);
    }

    /** §2.1, §3.1.1: one bit at a time, in their order; none is taken back but by a reset, and giving up is always possible. */
    private void writeStatus(int value) {
        if (value == 0) {
            status = 0;
            interruptStatus = 0;
            deviceFeaturesSel = 0;
            driverFeaturesSel = 0;
            lowFeatures = 0;
            highFeatures = 0;
            queueSel = 0;
            interruptWord = 0;
            hasWord = false;
            for (int i = 0; i < queues.length; i++) {
                queues[i] = new Queue(queues[i].max);
            }
            return;
        }
        int steps = status & ~0x40;
        boolean stopped = (status & 0xc0) != 0;
        int wanted = value & ~(status & 0x40);
        if (wanted == (steps | 0x80)) {
            status |= 0x80;
        } else if (!stopped
                && ((steps == 0 && wanted == 1)
                        || (steps == 1 && wanted == 3)
                        || (steps == 3 && wanted == 0xb && featuresCanBe())
                        || (steps == 0xb && wanted == 0xf))) {
            status = wanted;
            if (wanted == 0xf) {
                hasWord =
                        interruptWord != 0 && interruptWord % 4 == 0 && interruptWord >= 0 && interruptWord <= ram - 4;
                if (interruptWord != 0 && !hasWord) {
                    lie();
                } else {
                    notify(0);
                    notify(1);
                }
            }
        }
    }

    private boolean featuresCanBe() {
        long chosen = features();
        boolean modern = ((chosen >> 32) & 1) != 0;
        boolean complete = (chosen & (1L << 4)) == 0 || (chosen & (1L << 3)) != 0;
        return (chosen & OFFERED) == chosen && modern && complete;
    }

    private long features() {
        return ((long) highFeatures << 32) | (lowFeatures & 0xffff_ffffL);
    }

    private boolean exists() {
        return queueSel == 0 || queueSel == 1;
    }

    private boolean isLive() {
        return status == 0xf;
    }

    private boolean isQueueSetUp() {
        return status == 0xb;
    }
}
