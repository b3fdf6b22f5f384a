package cloud.ignition.vmm.warmup;

import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.doorbell.DoorbellDevice;
import cloud.ignition.vmm.memory.RamLayout;
import cloud.ignition.vmm.virtio.MmioTransport;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A "kernel" for a machine whose first device is a disk and whose second is a network card. It brings both up as a driver
 * does, names its doorbell page and rings: that is where it is saved. When it goes on it looks at the generation, reads a
 * sector, sends a frame, fills a page and rings again. A restored machine does the same work for it as for a Linux, as far as
 * a wake goes.
 */
public final class BuiltInGuest {
    /** It rings so often: for its snapshot, and when a restored one has done all it does. */
    public static final Doorbell.Kind RING = Doorbell.Kind.LISTEN;

    private static final int LOAD_ADDRESS = 0x100000;
    private static final int PAGE = 0x1000;

    /** Pages behind the code, from the load address. */
    private static final int DISK_QUEUE = LOAD_ADDRESS + PAGE;

    private static final int RECEIVE_QUEUE = LOAD_ADDRESS + 2 * PAGE;
    private static final int TRANSMIT_QUEUE = LOAD_ADDRESS + 3 * PAGE;
    private static final int BUFFERS = LOAD_ADDRESS + 4 * PAGE;
    private static final int DOORBELL_PAGE = LOAD_ADDRESS + 5 * PAGE;
    private static final int IMAGE_PAGES = 6;
    private static final int FILLED_PAGE = LOAD_ADDRESS + 16 * PAGE;

    /** Where the two rings of a queue are in its page; the descriptors come first. */
    private static final int AVAILABLE = 0x400;

    private static final int USED = 0x800;
    private static final int QUEUE_SIZE = 8;
    private static final int DESCRIPTOR_BYTES = 16;
    private static final int F_NEXT = 1;
    private static final int F_WRITE = 2;

    private static final int FRAME = BUFFERS + 0x100;
    private static final int FRAME_BYTES = 60;
    private static final int NET_HEADER_BYTES = 12;
    private static final int RECEIVED = BUFFERS + 0x400;
    private static final int RECEIVED_BYTES = 0x600;
    private static final int DISK_HEADER_BYTES = 16;
    private static final int DISK_STATUS = BUFFERS + 0x20;
    private static final int SECTOR = BUFFERS + 0xa00;
    private static final int SECTOR_BYTES = 512;
    private static final int ETHERTYPE_LOCAL = 0x88b5; // IEEE 802 local experimental

    private static final int MAGIC = 0x314e4749; // "IGN1"
    private static final int REGISTER_PAGE = 4;

    /** virtio 1.2 §4.2.2 and §2.1. */
    private static final int DRIVER_FEATURES = 0x020;

    private static final int DRIVER_FEATURES_SEL = 0x024;
    private static final int QUEUE_SEL = 0x030;
    private static final int QUEUE_NUM = 0x038;
    private static final int QUEUE_READY = 0x044;
    private static final int QUEUE_NOTIFY = MmioTransport.QUEUE_NOTIFY_OFFSET;
    private static final int INTERRUPT_STATUS = 0x060;
    private static final int INTERRUPT_ACK = 0x064;
    private static final int STATUS = 0x070;
    private static final int QUEUE_DESC = 0x080;
    private static final int QUEUE_DRIVER = 0x090;
    private static final int QUEUE_DEVICE = 0x0a0;
    private static final int ACKNOWLEDGE = 1;
    private static final int DRIVER = ACKNOWLEDGE | 2;
    private static final int FEATURES_OK = DRIVER | 8;
    private static final int DRIVER_OK = FEATURES_OK | 4;

    private static final int DISK = (int) RamLayout.HOLE_START;
    private static final int NET = DISK + MmioTransport.WINDOW_BYTES;

    private final ByteBuffer image = ByteBuffer.allocate(IMAGE_PAGES * PAGE).order(ByteOrder.LITTLE_ENDIAN);

    private BuiltInGuest() {}

    /**
     * The kernel as an ELF file with a PVH entry.
     *
     * @param mac of the network card, which takes no frame with another sender
     */
    public static byte[] kernel(byte[] mac) {
        BuiltInGuest guest = new BuiltInGuest();
        guest.code();
        guest.data(mac);
        return PvhElf.of(LOAD_ADDRESS, guest.image.array());
    }

    private void code() {
        bringUp(DISK, List.of(DISK_QUEUE));
        bringUp(NET, List.of(RECEIVE_QUEUE, TRANSMIT_QUEUE));
        outDword(DoorbellDevice.PORT + REGISTER_PAGE, DOORBELL_PAGE / PAGE);
        outByte(DoorbellDevice.PORT, RING.letter());
        // Here it is saved, and goes on.
        load(DOORBELL_PAGE + 32);
        makeAvailable(DISK_QUEUE);
        store(DISK + QUEUE_NOTIFY, 0);
        makeAvailable(TRANSMIT_QUEUE);
        store(NET + QUEUE_NOTIFY, 1);
        load(NET + INTERRUPT_STATUS);
        store(NET + INTERRUPT_ACK, 1);
        fillPage();
        outByte(DoorbellDevice.PORT, RING.letter());
        image.put((byte) 0xfa).put((byte) 0xf4).put((byte) 0xeb).put((byte) -4); // cli; hlt; again
    }

    private void bringUp(int window, List<Integer> queues) {
        store(window + STATUS, ACKNOWLEDGE);
        store(window + STATUS, DRIVER);
        store(window + DRIVER_FEATURES_SEL, 1);
        store(window + DRIVER_FEATURES, 1); // VIRTIO_F_VERSION_1
        store(window + STATUS, FEATURES_OK);
        for (int queue = 0; queue < queues.size(); queue++) {
            int page = queues.get(queue);
            store(window + QUEUE_SEL, queue);
            store(window + QUEUE_NUM, QUEUE_SIZE);
            store(window + QUEUE_DESC, page);
            store(window + QUEUE_DRIVER, page + AVAILABLE);
            store(window + QUEUE_DEVICE, page + USED);
            store(window + QUEUE_READY, 1);
        }
        store(window + STATUS, DRIVER_OK);
    }

    /** mov dword [address], value. */
    private void store(int address, int value) {
        image.put((byte) 0xc7).put((byte) 0x05).putInt(address).putInt(value);
    }

    /** mov eax, [address]. */
    private void load(int address) {
        image.put((byte) 0xa1).putInt(address);
    }

    /** mov word [address], 1: the first chain, which the ring names already. */
    private void makeAvailable(int queuePage) {
        image.put((byte) 0x66).put((byte) 0xc7).put((byte) 0x05).putInt(queuePage + AVAILABLE + 2);
        image.putShort((short) 1);
    }

    /** mov edx, port; mov al, value; out dx, al. */
    private void outByte(int port, int value) {
        image.put((byte) 0xba).putInt(port).put((byte) 0xb0).put((byte) value).put((byte) 0xee);
    }

    /** mov edx, port; mov eax, value; out dx, eax. */
    private void outDword(int port, int value) {
        image.put((byte) 0xba).putInt(port).put((byte) 0xb8).putInt(value).put((byte) 0xef);
    }

    /** mov edi, page; mov ecx, count; rep stosd. */
    private void fillPage() {
        image.put((byte) 0xbf).putInt(FILLED_PAGE).put((byte) 0xb9).putInt(PAGE / 4);
        image.put((byte) 0xf3).put((byte) 0xab);
    }

    private void data(byte[] mac) {
        descriptor(DISK_QUEUE, 0, BUFFERS, DISK_HEADER_BYTES, F_NEXT); // type 0, a read, of sector 0: all zeroes
        descriptor(DISK_QUEUE, 1, SECTOR, SECTOR_BYTES, F_NEXT | F_WRITE);
        descriptor(DISK_QUEUE, 2, DISK_STATUS, 1, F_WRITE);
        descriptor(RECEIVE_QUEUE, 0, RECEIVED, RECEIVED_BYTES, F_WRITE);
        image.putShort(at(RECEIVE_QUEUE + AVAILABLE + 2), (short) 1);
        descriptor(TRANSMIT_QUEUE, 0, FRAME, NET_HEADER_BYTES + FRAME_BYTES, 0);
        image.put(at(FRAME) + NET_HEADER_BYTES + 6, mac);
        int type = at(FRAME) + NET_HEADER_BYTES + 12;
        image.put(type, (byte) (ETHERTYPE_LOCAL >> 8)).put(type + 1, (byte) ETHERTYPE_LOCAL);
        image.putInt(at(DOORBELL_PAGE), MAGIC);
    }

    private void descriptor(int queuePage, int index, int address, int length, int flags) {
        int at = at(queuePage) + index * DESCRIPTOR_BYTES;
        image.putLong(at, address).putInt(at + 8, length);
        image.putShort(at + 12, (short) flags).putShort(at + 14, (short) (index + 1));
    }

    private static int at(int address) {
        return address - LOAD_ADDRESS;
    }
}
