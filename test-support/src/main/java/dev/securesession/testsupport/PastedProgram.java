package dev.securesession.testsupport;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A program of a page, run as a reader runs it who has pasted it into a file. */
public final class PastedProgram {
    private static final int PATIENCE_SECONDS = 120;

    private PastedProgram() {}

    /**
     * Runs a program with the class path of the test, and asserts that it ends without a failure.
     *
     * @param page the name of a file in {@code docs}
     * @param example the name in the comment before the program
     * @param fileName the name under which it is saved
     * @param folder an empty folder
     * @return the lines of its standard output
     */
    public static List<String> run(String page, String example, String fileName, Path folder) throws Exception {
        Path output = folder.resolve("output.txt");
        Process process = command(page, example, fileName, folder)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as("the program ends")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as("exit status").isZero();
        return Files.readAllLines(output);
    }

    /**
     * Saves a program and returns the command that runs it with the class path of the test.
     *
     * @param page the name of a file in {@code docs}
     * @param example the name in the comment before the program
     * @param fileName the name under which it is saved
     * @param folder where it is saved
     * @param arguments of the program
     * @return the command, which was not started
     */
    public static ProcessBuilder command(String page, String example, String fileName, Path folder, String... arguments)
            throws Exception {
        Path document = Path.of("").toAbsolutePath().resolveSibling("docs").resolve(page);
        Matcher program = Pattern.compile("<!-- example: " + example + " -->\\n+```java\\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(document));
        assertThat(program.find())
                .as("a program " + example + " in " + document)
                .isTrue();
        Path source = Files.writeString(folder.resolve(fileName), program.group(1));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                source.toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command);
    }
}
