package cloud.ignition.daemon.image;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.UserException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredImagesTest {
    @TempDir
    Path directory;

    @Test
    void aBareNameNeedsAHostAndSaysHowToGiveOne() {
        try (StoredImages images = StoredImages.open(directory, Map.of())) {
            assertThatThrownBy(() -> images.fetch("nginx", false, step -> {}))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("docker.io/library/nginx:latest")
                    .hasMessageContaining("--mirror docker.io=HOST");
        }
    }

    @Test
    void aMirrorIsAskedForABareName() {
        try (StoredImages images = StoredImages.open(directory, Map.of("docker.io", "127.0.0.1:1"))) {
            assertThatThrownBy(() -> images.fetch("nginx", false, step -> {}))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("127.0.0.1:1");
        }
    }
}
