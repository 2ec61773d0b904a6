package dev.securesession.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Compiles with nothing on the class path but what is given. */
final class Compiler {
    private Compiler() {}

    /** Compiles files, each named after its class. */
    static void compileFiles(List<Path> files, List<Path> classPath, Path target) throws IOException {
        Map<String, String> sources = new LinkedHashMap<>();
        for (Path file : files) {
            sources.put(
                    file.getFileName().toString().replace(".java", ""), Files.readString(file, StandardCharsets.UTF_8));
        }
        compileSources(sources, classPath, target);
    }

    static void compileSources(Map<String, String> sources, List<Path> classPath, Path target) throws IOException {
        // An empty class path would mean the current directory.
        compile(sources, "-classpath", classPath.isEmpty() ? List.of(target) : classPath, target);
    }

    /** Compiles a module; its declaration is the source with the name {@code module-info}. */
    static void compileModule(Map<String, String> sources, List<Path> modulePath, Path target) throws IOException {
        compile(sources, "--module-path", modulePath, target);
    }

    private static void compile(Map<String, String> sources, String pathOption, List<Path> path, Path target) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        List<JavaFileObject> units = sources.entrySet().stream()
                .map(source -> new Source(source.getKey(), source.getValue()))
                .collect(Collectors.toList());
        List<String> options = List.of(
                "--release",
                "17",
                "-proc:none",
                "-d",
                target.toString(),
                pathOption,
                path.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator)));
        boolean compiled =
                compiler.getTask(null, null, diagnostics, options, null, units).call();
        assertThat(diagnostics.getDiagnostics())
                .filteredOn(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
                .isEmpty();
        assertThat(compiled).isTrue();
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String content;

        Source(String name, String content) {
            super(URI.create("string:///" + name.replace('.', '/') + Kind.SOURCE.extension), Kind.SOURCE);
            this.content = content;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return content;
        }
    }
}
