package dev.securesession.cli.manual;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The manual page of one command, in the macros of man(7), from the texts of its help. */
final class ManualPage {
    private final CommandLine main;
    private final CommandLine command;
    private final StringBuilder text = new StringBuilder();

    private ManualPage(CommandLine main, CommandLine command) {
        this.main = main;
        this.command = command;
        write();
    }

    /** Returns a page for the command and one for each of its visible subcommands, and for theirs. */
    static List<ManualPage> allOf(CommandLine main) {
        List<ManualPage> pages = new ArrayList<>();
        addWithSubcommands(pages, main, main);
        return pages;
    }

    private static void addWithSubcommands(List<ManualPage> pages, CommandLine main, CommandLine command) {
        pages.add(new ManualPage(main, command));
        for (CommandLine subcommand : visibleSubcommands(command)) {
            addWithSubcommands(pages, main, subcommand);
        }
    }

    /** Returns the name of the page, as {@code man} takes it. */
    String name() {
        return pageOf(command);
    }

    String text() {
        return text.toString();
    }

    private void write() {
        CommandSpec spec = command.getCommandSpec();
        UsageMessageSpec usage = spec.usageMessage();
        List<String> description = List.of(usage.description());
        // No date: the same bytes in each build.
        line(".TH \"" + escape(name().toUpperCase(Locale.ROOT)) + "\" \"1\" \"\" \"" + escape(version())
                + "\" \"Secure Session\"");
        // No hyphenation, no justified lines: options and file names stay as they are.
        line(".nh");
        line(".ad l");
        section("NAME");
        line(escape(name()) + " \\- " + escape(firstSentence(description)));
        section("SYNOPSIS");
        line(escape(command.getHelp().synopsis(0).replaceAll("\\s+", " ").strip()));
        section("DESCRIPTION");
        paragraphs(description);
        arguments(spec);
        subcommands();
        exitStatus(usage);
        paragraphs("EXAMPLES", List.of(usage.footer()));
        seeAlso();
    }

    private void arguments(CommandSpec spec) {
        List<OptionSpec> options = spec.options().stream()
                .filter(option -> !option.hidden())
                .sorted(Comparator.comparingInt(OptionSpec::order))
                .toList();
        if (!spec.positionalParameters().isEmpty()) {
            section("ARGUMENTS");
            spec.positionalParameters().forEach(parameter -> item(parameter.paramLabel(), parameter));
        }
        section("OPTIONS");
        for (OptionSpec option : options) {
            String names = String.join(", ", option.names());
            item(option.arity().max() == 0 ? names : names + "=" + option.paramLabel(), option);
        }
    }

    private void item(String term, ArgSpec argument) {
        line(".TP");
        line("\\fB" + escape(term) + "\\fR");
        line(escape(plain(String.join(" ", argument.description()))));
    }

    private void subcommands() {
        List<CommandLine> subcommands = visibleSubcommands(command);
        if (subcommands.isEmpty()) {
            return;
        }
        section("COMMANDS");
        for (CommandLine subcommand : subcommands) {
            line(".TP");
            line("\\fB" + escape(pageOf(subcommand)) + "\\fR(1)");
            line(escape(firstSentence(
                    List.of(subcommand.getCommandSpec().usageMessage().description()))));
        }
    }

    private void exitStatus(UsageMessageSpec usage) {
        Map<String, String> codes = usage.exitCodeList();
        if (codes.isEmpty()) {
            return;
        }
        section("EXIT STATUS");
        codes.forEach((code, meaning) -> {
            line(".TP");
            line("\\fB" + escape(code) + "\\fR");
            line(escape(plain(meaning)));
        });
    }

    private void seeAlso() {
        section("SEE ALSO");
        @Nullable CommandLine above = command.getParent();
        List<CommandLine> others = above == null ? visibleSubcommands(command) : List.of(above);
        List<String> pages = others.stream()
                .map(other -> "\\fB" + escape(pageOf(other)) + "\\fR(1)")
                .toList();
        line(String.join(",\n", pages));
    }

    private void paragraphs(String heading, List<String> lines) {
        List<String> shown = lines.stream()
                .map(ManualPage::plain)
                .filter(line -> !line.matches("Examples?:"))
                .toList();
        if (shown.stream().anyMatch(line -> !line.isBlank())) {
            section(heading);
            paragraphs(shown);
        }
    }

    /** Writes text with empty lines between paragraphs; an indented line keeps its spaces and its end. */
    private void paragraphs(List<String> lines) {
        boolean separate = false;
        for (String written : lines) {
            for (String line : plain(written).split("\\R", -1)) {
                if (line.isBlank()) {
                    separate = true;
                    continue;
                }
                if (separate) {
                    line(".PP");
                    separate = false;
                }
                if (line.startsWith("  ")) {
                    line(".nf");
                    line(escape(line));
                    line(".fi");
                } else {
                    line(escape(line));
                }
            }
        }
    }

    private void section(String heading) {
        line(".SH \"" + heading + "\"");
    }

    private void line(String line) {
        text.append(line).append('\n');
    }

    private String version() {
        return String.join(" ", main.getCommandSpec().version());
    }

    private static String pageOf(CommandLine which) {
        return which.getCommandSpec().qualifiedName("-");
    }

    private static List<CommandLine> visibleSubcommands(CommandLine command) {
        return command.getSubcommands().values().stream()
                .filter(subcommand ->
                        !subcommand.getCommandSpec().usageMessage().hidden())
                .distinct()
                .toList();
    }

    private static String firstSentence(List<String> description) {
        String first = description.isEmpty() ? "" : plain(description.get(0));
        int end = first.indexOf(". ");
        String sentence = end < 0 ? first : first.substring(0, end);
        return sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
    }

    /** Returns the text without the marks of picocli for colors, percent signs and line ends. */
    private static String plain(String written) {
        return Ansi.OFF.string(written).replace("%n", "\n").replace("%%", "%");
    }

    /** Returns text that no formatter takes for a request or an escape, with hyphens that can be copied. */
    private static String escape(String plain) {
        String escaped = plain.replace("\\", "\\(rs").replace("-", "\\-").replace("\"", "\\(dq");
        return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
    }
}
