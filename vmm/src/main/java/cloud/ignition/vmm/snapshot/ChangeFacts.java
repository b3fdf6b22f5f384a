package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.codec.CorruptStateException;

/**
 * What a manifest says of the file {@code changes}.
 *
 * @param runs how many runs of pages differ from the file {@code memory}; 0 when there is no file {@code changes}
 * @param dataBytes bytes of the pages in it
 * @param indexCrc32c CRC-32C of its list of runs, with what pads it
 * @param dataCrc32c CRC-32C of its pages
 */
public record ChangeFacts(int runs, long dataBytes, long indexCrc32c, long dataCrc32c) {
    /** The memory is the file {@code memory}. */
    static final ChangeFacts NOTHING = new ChangeFacts(0, 0, 0, 0);

    /**
     * @throws CorruptStateException when it is nothing that a snapshot can have
     */
    public ChangeFacts {
        CorruptStateException.require(runs >= 0 && runs <= Limits.MAX_CHANGE_RUNS, runs + " runs of changed pages");
        CorruptStateException.require(
                dataBytes >= 0 && dataBytes <= Limits.MAX_MEMORY_BYTES && dataBytes % MemoryFile.PAGE == 0,
                "changed pages of " + dataBytes + " bytes");
        CorruptStateException.require(isCrc(indexCrc32c) && isCrc(dataCrc32c), "no checksum of the changed pages");
        CorruptStateException.require(
                runs > 0 || (dataBytes == 0 && indexCrc32c == 0 && dataCrc32c == 0), "changed pages without a list");
    }

    private static boolean isCrc(long value) {
        return value >= 0 && value <= 0xffff_ffffL;
    }
}
