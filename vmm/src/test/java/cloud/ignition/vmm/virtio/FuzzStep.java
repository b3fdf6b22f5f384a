package cloud.ignition.vmm.virtio;

import java.util.Random;

/**
 * One operation of a fuzzed guest.
 *
 * @param operation what it does
 * @param seed all it has to decide, on the host's side too: steps can be left out without changing the others
 */
record FuzzStep(FuzzOperation operation, long seed) {
    static FuzzStep random(Random random) {
        return new FuzzStep(FuzzOperation.random(random), random.nextLong());
    }

    static FuzzStep parse(String line) {
        String[] words = line.split(" ", -1);
        return new FuzzStep(FuzzOperation.valueOf(words[0]), Long.parseUnsignedLong(words[1], 16));
    }

    @Override
    public String toString() {
        return operation + " " + Long.toHexString(seed);
    }
}
