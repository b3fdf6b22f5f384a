package cloud.ignition.oci;

import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of an image: {@code [registry[:port]/]repository[:tag][@digest]}, with the rules every container tool
 * follows: the first component is a registry when it holds a dot or a colon, or is {@code localhost}; without one the
 * registry is {@code docker.io}, and a single-component repository there is in {@code library/}; without tag and digest
 * the tag is {@code latest}; a digest wins over a tag.
 *
 * @param registry host with optional port, such as {@code 127.0.0.1:5000} or {@code [::1]:5000}
 * @param repository path within the registry, such as {@code library/nginx}
 * @param tag the tag; empty only when there is a digest
 * @param digest the digest the manifest (or index) must have
 */
public record ImageReference(String registry, String repository, Optional<String> tag, Optional<Digest> digest) {
    /** The registry of names without one. */
    public static final String DEFAULT_REGISTRY = "docker.io";

    private static final String DEFAULT_NAMESPACE = "library/";
    private static final String DEFAULT_TAG = "latest";

    private static final Pattern REGISTRY = Pattern.compile(
            "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+])"
                    + "(?::[0-9]{1,5})?");
    private static final Pattern COMPONENT = Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*");
    private static final Pattern TAG = Pattern.compile("\\w[\\w.-]*");

    /**
     * Parses what a user typed.
     *
     * @throws ImageException of kind BAD_REFERENCE that says what is wrong with it
     */
    public static ImageReference parse(String text) {
        if (text.isEmpty()) {
            throw bad(text, "it is empty");
        }
        if (text.length() > Limits.MAX_NAME_LENGTH + Limits.MAX_TAG_LENGTH + 80) {
            throw bad(text.substring(0, 40) + "…", "it is too long");
        }
        String rest = text;
        Optional<Digest> digest = Optional.empty();
        int at = rest.indexOf('@');
        if (at >= 0) {
            digest = Optional.of(parseDigest(text, rest.substring(at + 1)));
            rest = rest.substring(0, at);
        }
        Optional<String> tag = Optional.empty();
        int colon = rest.lastIndexOf(':');
        // A colon before the last slash belongs to the registry's port.
        if (colon > rest.lastIndexOf('/')) {
            tag = Optional.of(checkTag(text, rest.substring(colon + 1)));
            rest = rest.substring(0, colon);
        }
        String registry = DEFAULT_REGISTRY;
        String repository = rest;
        int slash = rest.indexOf('/');
        if (slash >= 0 && looksLikeRegistry(rest.substring(0, slash))) {
            registry = checkRegistry(text, rest.substring(0, slash));
            repository = rest.substring(slash + 1);
        }
        if (registry.equals(DEFAULT_REGISTRY) && repository.indexOf('/') < 0) {
            repository = DEFAULT_NAMESPACE + repository;
        }
        checkRepository(text, registry, repository);
        if (tag.isEmpty() && digest.isEmpty()) {
            tag = Optional.of(DEFAULT_TAG);
        }
        return new ImageReference(registry, repository, tag, digest);
    }

    /** This image's name with that digest instead of the tag. */
    public ImageReference withDigest(Digest exact) {
        return new ImageReference(registry, repository, Optional.empty(), Optional.of(exact));
    }

    /** What the registry is asked for: the digest, or else the tag. */
    public String manifestSelector() {
        return digest.map(Digest::toString).or(() -> tag).orElse(DEFAULT_TAG);
    }

    /** Registry and repository without tag and digest. */
    public String name() {
        return registry + "/" + repository;
    }

    /** The full form, which parses to an equal reference. */
    @Override
    public String toString() {
        return name()
                + tag.map(t -> ":" + t).orElse("")
                + digest.map(d -> "@" + d).orElse("");
    }

    private static boolean looksLikeRegistry(String first) {
        return first.indexOf('.') >= 0 || first.indexOf(':') >= 0 || first.equals("localhost");
    }

    private static String checkRegistry(String text, String registry) {
        if (!REGISTRY.matcher(registry).matches()) {
            throw bad(text, "registry '" + registry + "' is not HOST or HOST:PORT");
        }
        int colon = registry.lastIndexOf(':');
        if (colon > registry.lastIndexOf(']') && colon >= 0) {
            int port = Integer.parseInt(registry.substring(colon + 1));
            if (port < 1 || port > 65_535) {
                throw bad(text, "port " + port + " is not between 1 and 65535");
            }
        }
        return registry;
    }

    private static void checkRepository(String text, String registry, String repository) {
        if (repository.isEmpty()) {
            throw bad(text, "the repository name is missing");
        }
        if (registry.length() + 1 + repository.length() > Limits.MAX_NAME_LENGTH) {
            throw bad(text, "the name is longer than " + Limits.MAX_NAME_LENGTH + " characters");
        }
        for (String component : repository.split("/", -1)) {
            if (COMPONENT.matcher(component).matches()) {
                continue;
            }
            if (component.chars().anyMatch(Character::isUpperCase)) {
                throw bad(text, "repository names are lower-case");
            }
            throw bad(text, "'" + component + "' is not a repository name (a-z, 0-9, and . _ - in between)");
        }
    }

    private static String checkTag(String text, String tag) {
        if (tag.length() > Limits.MAX_TAG_LENGTH) {
            throw bad(text, "the tag is longer than " + Limits.MAX_TAG_LENGTH + " characters");
        }
        if (!TAG.matcher(tag).matches()) {
            throw bad(text, "'" + tag + "' is not a tag (letters, digits, and _ . - in between)");
        }
        return tag;
    }

    private static Digest parseDigest(String text, String digest) {
        try {
            return Digest.parse(digest);
        } catch (ImageException e) {
            throw new ImageException(ImageException.Kind.BAD_REFERENCE, badMessage(text, e.getMessage()), e);
        }
    }

    private static ImageException bad(String text, String why) {
        return new ImageException(ImageException.Kind.BAD_REFERENCE, badMessage(text, why));
    }

    private static String badMessage(String text, @Nullable String why) {
        return "image reference '" + text + "': " + why + "; write NAME[:TAG] or REGISTRY/NAME[:TAG|@sha256:…]";
    }
}
