package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.SnapshotTrigger;
import cloud.ignition.daemon.image.Launch;
import cloud.ignition.daemon.network.AppAddress;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The configuration that the guest's init reads: {@code /ignition/config} in a small archive behind the initramfs, records {@code key=value}
 * each ended by NUL. docs: guest/init.
 */
final class GuestConfig {
    private static final int MAX_HOSTNAME = 63;

    private final ByteArrayOutputStream records = new ByteArrayOutputStream();

    private GuestConfig() {}

    /** The archive for one app. */
    static byte[] archive(
            String appName, Launch launch, SnapshotTrigger trigger, AppAddress address, List<String> nameservers) {
        return new CpioArchive()
                .directory("ignition", 0700)
                .file("ignition/config", 0600, records(appName, launch, trigger, address, nameservers))
                .toBytes();
    }

    static byte[] records(
            String appName, Launch launch, SnapshotTrigger trigger, AppAddress address, List<String> nameservers) {
        GuestConfig config = new GuestConfig();
        config.put("hostname", hostname(appName));
        config.put("address", address.guestAddress() + "/" + AppAddress.PREFIX);
        config.put("gateway", address.hostAddress());
        config.put("gateway-mac", address.hostMac());
        nameservers.forEach(server -> config.put("nameserver", server));
        launch.arguments().forEach(argument -> config.put("arg", argument));
        launch.env().forEach(variable -> config.put("env", variable));
        config.put("cwd", launch.cwd());
        if (!launch.user().isEmpty()) {
            config.put("user", launch.user());
        }
        config.put("stop-signal", Integer.toString(launch.stopSignal()));
        config.put("trigger", trigger.toString());
        config.put("root", "/dev/vda");
        config.put("rootfs", "squashfs");
        return config.records.toByteArray();
    }

    /** Host names know neither underscores nor a trailing dot or dash (RFC 1123). */
    private static String hostname(String appName) {
        String name = appName.replace('_', '-').replaceAll("[.-]+$", "");
        return name.substring(0, Math.min(name.length(), MAX_HOSTNAME));
    }

    private void put(String key, String value) {
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("the value of " + key + " holds a NUL");
        }
        records.writeBytes((key + "=" + value + "\0").getBytes(StandardCharsets.UTF_8));
    }
}
