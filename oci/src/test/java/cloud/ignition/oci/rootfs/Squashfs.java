package cloud.ignition.oci.rootfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a squashfs file with the tools of another hand than the one that wrote it, where there are such
 * (unsquashfs), and rdsquashfs for what that one does not show.
 */
final class Squashfs {
    private static final Pattern LINE =
            Pattern.compile("(\\S{10}) (\\d+)/(\\d+)\\s+(\\d+(?:,\\s*\\d+)?) (\\S+ \\S+) squashfs-root(.*)");

    private final Path image;

    Squashfs(Path image) {
        this.image = image;
    }

    Path image() {
        return image;
    }

    /** Path (without leading slash) to {@code "drwxr-xr-x 0/0"} and, for links, {@code " -> target"}. */
    SortedMap<String, String> list() throws IOException {
        SortedMap<String, String> list = new TreeMap<>();
        for (String line :
                run("unsquashfs", "-llnumeric", "-UTC", image.toString()).split("\n", -1)) {
            Matcher matcher = LINE.matcher(line);
            if (!matcher.matches()) {
                continue;
            }
            String[] path = matcher.group(6).split(" -> ", 2);
            String name = path[0].isEmpty() ? "" : path[0].substring(1);
            String suffix = path.length == 2 ? " -> " + path[1] : "";
            String device =
                    matcher.group(4).contains(",") ? " " + matcher.group(4).replaceAll("\\s", "") : "";
            list.put(name, matcher.group(1) + " " + matcher.group(2) + "/" + matcher.group(3) + device + suffix);
        }
        return list;
    }

    /** The names below the root without those every image gets. */
    List<String> names() throws IOException {
        List<String> names = new ArrayList<>(list().keySet());
        names.removeAll(List.of("", "proc", "sys", "dev", "tmp", "etc"));
        return names;
    }

    String content(String path) throws IOException {
        return run("rdsquashfs", "--cat", path, image.toString());
    }

    /** What rdsquashfs says of the inode. */
    String stat(String path) throws IOException {
        return run("rdsquashfs", "--stat", path, image.toString());
    }

    /** {@code name=value} lines as rdsquashfs prints them. */
    String xattrs(String path) throws IOException {
        return run("rdsquashfs", "--xattr", path, image.toString());
    }

    /** Unpacks the whole image. */
    void unpack(Path directory) throws IOException {
        run("unsquashfs", "-quiet", "-no-progress", "-dest", directory.toString(), image.toString());
    }

    String inode(String path) throws IOException {
        return stat(path)
                .lines()
                .filter(line -> line.startsWith("Inode number"))
                .findFirst()
                .orElseThrow();
    }

    private static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), ISO_8859_1);
        try {
            if (process.waitFor() != 0) {
                throw new AssertionError(Arrays.toString(command) + ": " + output);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return output;
    }
}
