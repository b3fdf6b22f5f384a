package cloud.ignition.oci.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.Limits;
import cloud.ignition.oci.RuntimeConfig;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageConfigTest {
    @Test
    void everythingTheImageSaysIsReadAndWritten() {
        RuntimeConfig config = read("""
                {"Entrypoint":["/bin/a","b c"],"Cmd":["d"],"Env":["A=1","B=","X"],"WorkingDir":"srv","User":"1:2",
                 "ExposedPorts":{"80":{},"53/udp":{},"7000-7010/tcp":{}},"StopSignal":"SIGRTMIN+3",
                 "Labels":{"l":"v"},"Volumes":{"/data":{}},"Healthcheck":{"Test":["NONE"]}}""");

        assertThat(config.entrypoint()).containsExactly("/bin/a", "b c");
        assertThat(config.cmd()).containsExactly("d");
        assertThat(config.env()).containsExactly("A=1", "B=");
        assertThat(config.workingDir()).isEqualTo("/srv");
        assertThat(config.user()).isEqualTo("1:2");
        assertThat(config.exposedPorts()).containsExactly("53/udp", "7000-7010/tcp", "80/tcp");
        assertThat(config.stopSignal()).isEqualTo(37);
        assertThat(config.labels()).containsEntry("l", "v");
        assertThat(config.volumes()).containsExactly("/data");
        assertThat(RuntimeConfigJson.read(RuntimeConfigJson.write(config))).isEqualTo(config);
    }

    @Test
    void silentImagesGetTheDefaults() {
        for (String json : List.of("null", "{}", "{\"Cmd\":null,\"Env\":null,\"ExposedPorts\":null}")) {
            RuntimeConfig config = read(json);
            assertThat(config.entrypoint()).isEmpty();
            assertThat(config.cmd()).isEmpty();
            assertThat(config.workingDir()).isEqualTo("/");
            assertThat(config.user()).isEmpty();
            assertThat(config.stopSignal()).isEqualTo(15);
        }
    }

    @ParameterizedTest
    @CsvSource({"SIGTERM, 15", "term, 15", "9, 9", "SIGRTMAX-1, 63", "SIGUSR1, 10", "64, 64"})
    void stopSignals(String text, int number) {
        assertThat(read("{\"StopSignal\":\"" + text + "\"}").stopSignal()).isEqualTo(number);
    }

    @Test
    void nonsenseIsRefused() {
        refuse("{\"StopSignal\":\"SIGNOPE\"}", "'SIGNOPE' of the image is no signal");
        refuse("{\"StopSignal\":\"0\"}", "is no signal");
        refuse("{\"StopSignal\":\"RTMIN+-1\"}", "is no signal");
        refuse("{\"Cmd\":\"sh -c x\"}", "'Cmd' is not of type array");
        refuse("{\"Cmd\":[1]}", "'Cmd' is not of type string");
        refuse("{\"Cmd\":[\"a\\u0000b\"]}", "holds a NUL character");
        refuse("{\"Env\":[\"A=" + "x".repeat(Limits.MAX_CONFIG_STRING_BYTES) + "\"]}", "the limit is");
        refuse("{\"ExposedPorts\":{\"80/evil\":{}}}", "exposed port '80/evil'");
        refuse("{\"Cmd\":[" + "\"\",".repeat(Limits.MAX_CONFIG_ENTRIES) + "\"\"]}", "entries of cmd");
        refuse(
                "{\"Env\":[" + "\"A=xxxxxxxxxxxx\",".repeat(10) + "\"B=" + "y".repeat(100_000) + "\","
                        + ("\"C=" + "z".repeat(100_000) + "\",").repeat(12) + "\"D=\"]}",
                "arguments and environment have");
    }

    @Test
    void otherPlatformsAreNamed() {
        assertThatThrownBy(() -> ImageConfig.read("{\"os\":\"linux\",\"architecture\":\"arm64\"}".getBytes(UTF_8), 0))
                .isInstanceOf(ImageException.class)
                .hasMessage("the image is for linux/arm64; this machine needs linux/amd64");
    }

    @Test
    void layersMustBeAsManyAsTheManifestHas() {
        assertThatThrownBy(() -> ImageConfig.read(document("{}"), 1))
                .hasMessage("the image configuration lists 0 layers, the manifest 1");
    }

    private static void refuse(String config, String why) {
        assertThatThrownBy(() -> read(config))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining(why);
    }

    private static RuntimeConfig read(String config) {
        return ImageConfig.read(document(config), 0).runtime();
    }

    private static byte[] document(String config) {
        return """
                {"os":"linux","architecture":"amd64","config":%s,"rootfs":{"type":"layers","diff_ids":[]}}""".formatted(config).getBytes(UTF_8);
    }
}
