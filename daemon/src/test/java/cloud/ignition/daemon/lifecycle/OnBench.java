package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests on a {@link Bench} of their own, which leave no machine open. */
@Timeout(60)
abstract class OnBench {
    @TempDir
    Path root;

    Bench bench;

    @BeforeEach
    void open() {
        bench = new Bench(root);
    }

    @AfterEach
    void close() {
        bench.close();
        assertThat(bench.machines.open()).as("machines left open").isZero();
    }
}
