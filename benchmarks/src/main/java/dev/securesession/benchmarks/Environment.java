package dev.securesession.benchmarks;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.stream.Stream;

/** The machine, JDK and commit of a run, which are needed to interpret its figures. */
record Environment(String machine, String jdk, String commit, String date, String form) {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    static Environment current(String form) {
        Runtime.Version version = Runtime.version();
        return new Environment(
                processor() + ", " + Runtime.getRuntime().availableProcessors() + " cores, "
                        + System.getProperty("os.name"),
                System.getProperty("java.vm.vendor") + " " + version,
                checkedOutCommit(),
                LocalDate.now(ZoneOffset.UTC).toString(),
                form);
    }

    /** Returns a short name of the JDK, for the head of a column. */
    String jdkVersion() {
        String version = jdk.substring(jdk.lastIndexOf(' ') + 1);
        return "JDK " + version.split("[.+-]", 2)[0];
    }

    String describe() {
        return machine + "; " + jdk + "; commit " + commit + "; " + date + "; " + form + " form";
    }

    private static String processor() {
        if (Files.isReadable(CPU_INFO)) {
            try (Stream<String> lines = Files.lines(CPU_INFO, StandardCharsets.UTF_8)) {
                return lines.filter(line -> line.startsWith("model name"))
                        .map(line -> line.substring(line.indexOf(':') + 1).trim())
                        .findFirst()
                        .orElse(System.getProperty("os.arch"));
            } catch (IOException e) {
                return System.getProperty("os.arch");
            }
        }
        return System.getProperty("os.arch");
    }

    /** Returns the commit of the checkout that contains the program, marked if files differ from it. */
    private static String checkedOutCommit() {
        try {
            Path program = Path.of(Environment.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            Process git = new ProcessBuilder("git", "describe", "--always", "--dirty", "--abbrev=10")
                    .directory(program.resolveSibling(".").toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
            return said.isEmpty() ? "unknown" : said;
        } catch (IOException | URISyntaxException e) {
            return "unknown";
        }
    }
}
