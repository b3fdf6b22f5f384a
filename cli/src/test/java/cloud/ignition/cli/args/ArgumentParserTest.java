package cloud.ignition.cli.args;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.cli.CliException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArgumentParserTest {
    private static CommandSpec spec() {
        return new CommandSpec("run", "IMAGE [COMMAND...]", "start something")
                .operands(1, 3)
                .option(Option.flag("", "-d", "--detach"))
                .option(Option.flag("", "-q", "--quiet"))
                .option(Option.value("NAME", "", "--name"))
                .option(Option.repeatable("P", "", "-p", "--publish"));
    }

    @ParameterizedTest
    @CsvSource({
        "--name web -p 1:2 -p 3:4 -d image",
        "-d -p1:2 -p3:4 --name=web image",
        "-dp 1:2 -p=3:4 image --name web",
        "-dp1:2 --publish 3:4 --name web -- image",
    })
    void everySpellingMeansTheSame(String line) {
        Arguments arguments = parse(spec(), line);

        assertThat(arguments.has("--detach")).isTrue();
        assertThat(arguments.has("--quiet")).isFalse();
        assertThat(arguments.value("--name")).contains("web");
        assertThat(arguments.values("--publish")).containsExactly("1:2", "3:4");
        assertThat(arguments.operands()).containsExactly("image");
    }

    @Test
    void aFollowingCommandKeepsItsOwnOptions() {
        Arguments arguments = parse(spec().commandFollows(), "-q image -d --name");

        assertThat(arguments.operands()).containsExactly("image", "-d", "--name");
        assertThat(arguments.has("--detach")).isFalse();
    }

    @Test
    void anEmptyValueAndADashAreValues() {
        assertThat(ArgumentParser.parse(spec(), List.of("--name", "", "-")).value("--name"))
                .contains("");
        assertThat(parse(spec(), "-").operands()).containsExactly("-");
    }

    @Test
    void helpNeedsNoOperands() {
        assertThat(parse(spec(), "--help").has("--help")).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    --nmae web image   | unknown option --nmae (did you mean --name?)
                    -x image           | unknown option -x
                    image --name       | option --name needs a value NAME
                    image -p           | option -p needs a value P
                    --detach=yes image | option --detach takes no value
                    --name a --name b image | option --name is given twice
                    -d                 | something is missing: usage: ignition run
                    a b c d            | 'd' is one word too many
                    """)
    void wrongLinesAreUsageErrors(String line, String message) {
        assertThatThrownBy(() -> parse(spec(), line))
                .isInstanceOfSatisfying(
                        CliException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageContaining(message)
                .hasMessageContaining("ignition run");
    }

    private static Arguments parse(CommandSpec spec, String line) {
        return ArgumentParser.parse(spec, List.of(line.split(" ", -1)));
    }
}
