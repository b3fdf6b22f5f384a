package cloud.ignition.e2e.traffic;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/** Asks one thing after the other and checks each answer byte by byte, whether the machine sleeps meanwhile or not. */
final class HttpClientLoop {
    private static final int MAX_BODY = 48 << 10;
    private static final long PAUSE_MILLIS = 50;

    private final InetSocketAddress guest;
    private final Faults faults;
    private final SplittableRandom random;
    private final AtomicLong answers = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();

    HttpClientLoop(InetSocketAddress guest, int number, Faults faults) {
        this.guest = guest;
        this.faults = faults;
        random = new SplittableRandom(number);
        Thread.ofPlatform().daemon(true).name("http-" + number).start(this::run);
    }

    /** Right answers. */
    long answers() {
        return answers.get();
    }

    /** Their bytes. */
    long bytes() {
        return bytes.get();
    }

    private void run() {
        while (true) {
            int size = random.nextInt(MAX_BODY);
            try {
                byte[] body = Http.get(guest, "/bytes/" + size);
                if (body.length != size || Pattern.check(body, size, Pattern.salt(Pattern.HTTP, 0), 0) != size) {
                    faults.report("HTTP: a wrong answer of " + body.length + " bytes to a request for " + size);
                }
            } catch (IOException e) {
                faults.report(new AssertionError("HTTP: " + e.getMessage(), e));
                return;
            }
            answers.incrementAndGet();
            bytes.addAndGet(size);
            Faults.sleep(PAUSE_MILLIS);
        }
    }
}
