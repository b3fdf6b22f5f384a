package cloud.ignition.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small three-layer image made by umoci: a base, an added file with a whiteout, and a configuration. */
final class TestImage {
    private TestImage() {}

    /** Makes an OCI layout with the image tagged {@code latest}. */
    static Path make(Path directory) throws IOException {
        Path layout = directory.resolve("layout");
        Tools.run(directory, "umoci", "init", "--layout", layout.toString());
        String image = layout + ":latest";
        Tools.run(directory, "umoci", "new", "--image", image);
        Path base = Files.createDirectories(directory.resolve("base"));
        Files.createDirectories(base.resolve("etc"));
        Files.createDirectories(base.resolve("bin"));
        Files.writeString(base.resolve("etc/removed"), "removed later");
        Files.writeString(base.resolve("etc/passwd"), "root:x:0:0::/:/bin/sh\n");
        Files.writeString(base.resolve("bin/server"), "a program ".repeat(20_000));
        Files.createLink(base.resolve("bin/same"), base.resolve("bin/server"));
        Files.createSymbolicLink(base.resolve("bin/sh"), Path.of("server"));
        Tools.run(directory, "umoci", "insert", "--image", image, base.toString(), "/");
        Path more = Files.createDirectories(directory.resolve("more"));
        Files.writeString(more.resolve("index.html"), "hello");
        Tools.run(directory, "umoci", "insert", "--image", image, more.toString(), "/srv");
        Tools.run(directory, "umoci", "insert", "--image", image, "--whiteout", "/etc/removed");
        Tools.run(
                directory,
                "umoci",
                "config",
                "--image",
                image,
                "--os=linux",
                "--architecture=amd64",
                "--config.entrypoint=/bin/server",
                "--config.cmd=--verbose",
                "--config.env=PATH=/bin",
                "--config.workingdir=/srv",
                "--config.user=www:www",
                "--config.exposedports=8080/tcp",
                "--config.stopsignal=SIGQUIT",
                "--config.label=a=b");
        return layout;
    }
}
