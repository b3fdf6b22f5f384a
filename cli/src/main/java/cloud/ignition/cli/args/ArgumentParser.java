package cloud.ignition.cli.args;

import cloud.ignition.cli.CliException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Parses the way POSIX and GNU tools do: {@code --name value}, {@code --name=value}, {@code -p value}, {@code -pvalue},
 * {@code -qf} for two flags, {@code --} ends the options.
 */
public final class ArgumentParser {
    private final CommandSpec spec;
    private final Map<String, List<String>> options = new HashMap<>();
    private final List<String> operands = new ArrayList<>();

    private ArgumentParser(CommandSpec spec) {
        this.spec = spec;
    }

    /**
     * Parses what follows the verb.
     *
     * @throws CliException with exit code 2 when the line does not fit the description
     */
    public static Arguments parse(CommandSpec spec, List<String> words) {
        ArgumentParser parser = new ArgumentParser(spec);
        parser.read(words);
        Arguments result = new Arguments(parser.options, parser.operands);
        if (!result.has("--help")) {
            parser.checkOperands();
        }
        return result;
    }

    private void read(List<String> words) {
        int i = 0;
        while (i < words.size()) {
            String word = words.get(i++);
            if (word.equals("--")) {
                operands.addAll(words.subList(i, words.size()));
                return;
            }
            if (!word.startsWith("-") || word.equals("-")) {
                operands.add(word);
                if (spec.isCommandFollowing()) {
                    operands.addAll(words.subList(i, words.size()));
                    return;
                }
                continue;
            }
            Optional<String> next = i < words.size() ? Optional.of(words.get(i)) : Optional.empty();
            boolean tookNext = word.startsWith("--") ? readLong(word, next) : readShort(word, next);
            if (tookNext) {
                i++;
            }
        }
    }

    private boolean readLong(String word, Optional<String> next) {
        int equals = word.indexOf('=');
        String name = equals < 0 ? word : word.substring(0, equals);
        Option option = known(name);
        if (option.isFlag()) {
            if (equals >= 0) {
                throw wrong("option " + name + " takes no value");
            }
            put(option, "", name);
            return false;
        }
        if (equals >= 0) {
            put(option, word.substring(equals + 1), name);
            return false;
        }
        put(option, next.orElseThrow(() -> missing(option, name)), name);
        return true;
    }

    private boolean readShort(String word, Optional<String> next) {
        for (int i = 1; i < word.length(); i++) {
            String name = "-" + word.charAt(i);
            Option option = known(name);
            if (!option.isFlag()) {
                String rest = word.substring(i + 1);
                if (!rest.isEmpty()) {
                    put(option, rest.startsWith("=") ? rest.substring(1) : rest, name);
                    return false;
                }
                put(option, next.orElseThrow(() -> missing(option, name)), name);
                return true;
            }
            put(option, "", name);
        }
        return false;
    }

    private Option known(String name) {
        return spec.find(name).orElseThrow(() -> {
            List<String> all = spec.options().stream()
                    .flatMap(o -> o.names().stream())
                    .filter(n -> n.startsWith("--"))
                    .toList();
            return wrong("unknown option " + name
                    + Nearest.to(name, all)
                            .map(n -> " (did you mean " + n + "?)")
                            .orElse(""));
        });
    }

    private void put(Option option, String value, String spelling) {
        List<String> values = options.computeIfAbsent(option.name(), n -> new ArrayList<>());
        if (!values.isEmpty() && !option.repeatable() && !option.isFlag()) {
            throw wrong("option " + spelling + " is given twice");
        }
        values.add(value);
    }

    private void checkOperands() {
        if (operands.size() < spec.least()) {
            throw wrong("something is missing: usage: " + spec.usage());
        }
        if (operands.size() > spec.most()) {
            throw wrong("'" + operands.get(spec.most()) + "' is one word too many: usage: " + spec.usage());
        }
    }

    private CliException missing(Option option, String spelling) {
        return wrong(
                "option " + spelling + " needs a value " + option.valueName().orElse(""));
    }

    private CliException wrong(String what) {
        return CliException.usage(what + "; see: ignition " + spec.name() + " --help");
    }
}
