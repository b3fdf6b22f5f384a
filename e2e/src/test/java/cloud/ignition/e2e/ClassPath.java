package cloud.ignition.e2e;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Where classes of this process are, for another JVM. */
final class ClassPath {
    private ClassPath() {}

    /** A class path with what each of these was loaded from. */
    static String of(Class<?>... classes) {
        return Arrays.stream(classes).map(ClassPath::home).collect(Collectors.joining(":"));
    }

    private static String home(Class<?> of) {
        try {
            return Path.of(of.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
