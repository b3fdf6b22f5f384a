package cloud.ignition.vmm.boot;

import cloud.ignition.vmm.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Tells a guest without ACPI of its processors and interrupt lines: Intel MultiProcessor Specification 1.4, sections
 * 4.1 to 4.3. One ISA bus, one I/O APIC, ISA line i on pin i (line 0 on pin 2, as KVM's in-kernel chips are wired).
 */
final class MpTable {
    private static final int FLOATING_POINTER_BYTES = 16;
    private static final int HEADER_BYTES = 44;
    private static final int IO_APIC_ADDRESS = 0xfec00000;
    private static final int LOCAL_APIC_ADDRESS = 0xfee00000;
    private static final byte APIC_VERSION = 0x14;
    private static final int ISA_LINES = 16;

    private MpTable() {}

    /** Writes the floating pointer and the table behind it at the start of the EBDA, where Linux looks for it. */
    static void write(GuestMemory memory, long gpa, int vcpus) {
        ByteBuffer entries = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        int count = 0;
        for (int id = 0; id < vcpus; id++, count++) {
            entries.put((byte) 0).put((byte) id).put(APIC_VERSION).put((byte) (id == 0 ? 3 : 1));
            entries.putInt(0x600).putInt(0x201).putLong(0);
        }
        byte ioApic = (byte) vcpus;
        entries.put((byte) 1).put((byte) 0).put("ISA   ".getBytes(StandardCharsets.US_ASCII));
        entries.put((byte) 2).put(ioApic).put((byte) 0x11).put((byte) 1).putInt(IO_APIC_ADDRESS);
        count += 2;
        for (int line = 0; line < ISA_LINES; line++) {
            if (line != 2) {
                int pin = line == 0 ? 2 : line;
                interrupt(entries, 3, 0, line, ioApic, pin);
                count++;
            }
        }
        interrupt(entries, 4, 3, 0, (byte) 0, 0); // ExtINT from the PIC on LINT0 of vCPU 0
        interrupt(entries, 4, 1, 0, (byte) 0xff, 1); // NMI on LINT1 of all
        count += 2;
        entries.flip();

        ByteBuffer table =
                ByteBuffer.allocate(HEADER_BYTES + entries.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        table.put("PCMP".getBytes(StandardCharsets.US_ASCII)).putShort((short) table.capacity());
        table.put((byte) 4).put((byte) 0).put("IGNITIONmicroVM     ".getBytes(StandardCharsets.US_ASCII));
        table.putInt(0).putShort((short) 0).putShort((short) count);
        table.putInt(LOCAL_APIC_ADDRESS).putInt(0).put(entries);
        table.put(7, checksum(table));

        ByteBuffer pointer = ByteBuffer.allocate(FLOATING_POINTER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        pointer.put("_MP_".getBytes(StandardCharsets.US_ASCII)).putInt((int) (gpa + FLOATING_POINTER_BYTES));
        pointer.put((byte) 1).put((byte) 4);
        pointer.put(10, checksum(pointer));

        MemorySegment target = memory.slice(gpa, FLOATING_POINTER_BYTES + table.capacity());
        MemorySegment.copy(pointer.array(), 0, target, ValueLayout.JAVA_BYTE, 0, FLOATING_POINTER_BYTES);
        MemorySegment.copy(table.array(), 0, target, ValueLayout.JAVA_BYTE, FLOATING_POINTER_BYTES, table.capacity());
    }

    private static void interrupt(ByteBuffer out, int type, int kind, int line, byte apic, int pin) {
        out.put((byte) type).put((byte) kind).putShort((short) 0);
        out.put((byte) 0).put((byte) line).put(apic).put((byte) pin);
    }

    /** The byte that makes all bytes add up to zero. */
    private static byte checksum(ByteBuffer bytes) {
        int sum = 0;
        for (int i = 0; i < bytes.capacity(); i++) {
            sum += bytes.get(i);
        }
        return (byte) -sum;
    }
}
