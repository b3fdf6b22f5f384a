package cloud.ignition.oci.registry;

import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.Limits;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * User names and passwords from the {@code auths} of a container tool's {@code config.json}. Credential helpers are not
 * run. Nothing read here ever gets into a message.
 */
public final class Credentials {
    private final Path file;

    /** Reads that file anew whenever a registry asks; it need not exist. */
    public Credentials(Path file) {
        this.file = file;
    }

    /** {@code $DOCKER_CONFIG/config.json}, or {@code ~/.docker/config.json}. */
    public static Credentials ofUser() {
        String directory = System.getenv("DOCKER_CONFIG");
        return new Credentials(
                directory != null
                        ? Path.of(directory, "config.json")
                        : Path.of(System.getProperty("user.home", "/"), ".docker", "config.json"));
    }

    /**
     * The value of a basic {@code Authorization} header's credentials part (base 64 of {@code user:password}).
     *
     * @param registry host with optional port
     * @throws ImageException of kind HOST when the file is there but cannot be understood
     */
    Optional<String> basic(String registry) {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(Limits.MAX_CONFIG_BYTES);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new ImageException(
                    ImageException.Kind.HOST, "cannot read credentials from " + file + ": " + e.getMessage(), e);
        }
        JsonNode auths = Json.member(Json.object(bytes, "credentials file " + file), "auths");
        for (Map.Entry<String, JsonNode> entry : auths.properties()) {
            String host = host(entry.getKey());
            String auth = Json.text(entry.getValue(), "auth");
            if ((host.equals(registry) || host.equals("index." + registry)) && !auth.isEmpty()) {
                return Optional.of(auth);
            }
        }
        return Optional.empty();
    }

    /** Keys are hosts, or addresses with a path. */
    private static String host(String key) {
        String host = key.replaceFirst("^https?://", "");
        int slash = host.indexOf('/');
        return slash < 0 ? host : host.substring(0, slash);
    }
}
