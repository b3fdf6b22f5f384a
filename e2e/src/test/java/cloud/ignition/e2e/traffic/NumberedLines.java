package cloud.ignition.e2e.traffic;

import java.util.concurrent.atomic.AtomicLong;

/** Counts along with lines "NAME NUMBER PADDING" of the guest's writers: each must come once, whole and in order. */
final class NumberedLines {
    private static final int PADDINGS = 64;
    private static final int LETTERS = 26;

    private final String name;
    private final Faults faults;
    private final AtomicLong last = new AtomicLong();

    NumberedLines(String name, Faults faults) {
        this.name = name;
        this.faults = faults;
    }

    /** Number of the last line that came. */
    long last() {
        return last.get();
    }

    boolean isOne(String line) {
        return line.startsWith(name + " ");
    }

    void add(String line) {
        long number = last.get() + 1;
        String wanted = name + " " + number + " "
                + Character.toString('a' + (int) (number % LETTERS)).repeat((int) (number % PADDINGS));
        if (!line.equals(wanted)) {
            faults.report("expected line \"" + wanted + "\" and got \"" + line + "\"");
        }
        last.set(number);
    }
}
