package dev.securesession.cli.operations;

import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.tunnel.TunnelAddress;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** A table of a TOML file whose errors name the file and the line, and which has no keys but those that were read. */
final class StrictTable {
    private final Path file;
    private final String name;
    private final TomlTable table;
    private final int line;
    private final Set<String> asked = new TreeSet<>();

    StrictTable(Path file, String name, TomlTable table, int line) {
        this.file = file;
        this.name = name;
        this.table = table;
        this.line = line;
    }

    /** Returns the text of a key. */
    String text(String key) throws Failure {
        return optionalText(key).orElseThrow(() -> missing(key));
    }

    Optional<String> optionalText(String key) throws Failure {
        Object value = value(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof String text && !text.isEmpty()) {
            return Optional.of(text);
        }
        throw wrong(key, "expected a text in quotes");
    }

    /** Returns the texts of a key that has one or several. */
    List<String> texts(String key) throws Failure {
        Object value = value(key);
        if (value == null) {
            throw missing(key);
        }
        List<String> texts = new ArrayList<>();
        if (value instanceof String text) {
            texts.add(text);
        } else if (value instanceof TomlArray array) {
            for (Object element : array.toList()) {
                if (!(element instanceof String text)) {
                    throw wrong(key, "expected a text in quotes, or several in brackets");
                }
                texts.add(text);
            }
        }
        if (texts.isEmpty() || texts.contains("")) {
            throw wrong(key, "expected a text in quotes, or several in brackets");
        }
        return texts;
    }

    /** Returns the texts of a key that has one, several, or none. */
    List<String> optionalTexts(String key) throws Failure {
        return value(key) == null ? List.of() : texts(key);
    }

    Optional<Long> number(String key, long least, long most) throws Failure {
        Object value = value(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof Long number && number >= least && number <= most) {
            return Optional.of(number);
        }
        throw wrong(key, "expected a number from " + least + " to " + most);
    }

    TunnelAddress address(String key) throws Failure {
        try {
            return TunnelAddress.parse(text(key));
        } catch (IllegalArgumentException e) {
            throw wrong(key, String.valueOf(e.getMessage()));
        }
    }

    /** Returns a file that the table names, relative to the folder of the TOML file. */
    Path path(String key, String text) throws Failure {
        try {
            return file.resolveSibling(text);
        } catch (InvalidPathException e) {
            throw wrong(key, "\"" + EventLog.visible(text) + "\" names no possible file");
        }
    }

    /** Returns the tables in a table, by name. */
    Map<String, StrictTable> tables(String key) throws Failure {
        Map<String, StrictTable> tables = new LinkedHashMap<>();
        Object value = value(key);
        if (value == null) {
            return tables;
        }
        if (!(value instanceof TomlTable all)) {
            throw wrong(key, "expected tables: [" + key + ".NAME]");
        }
        for (String each : all.keySet()) {
            if (!(all.get(List.of(each)) instanceof TomlTable one)) {
                throw new Failure(place(all.inputPositionOf(List.of(each))) + ": " + key + "." + each
                        + ": expected a table: [" + key + "." + each + "]");
            }
            tables.put(each, new StrictTable(file, key + "." + each, one, line(all.inputPositionOf(List.of(each)))));
        }
        return tables;
    }

    /** Returns the table of a key, or nothing if the value is something else or absent. */
    Optional<StrictTable> table(String key) {
        return value(key) instanceof TomlTable one
                ? Optional.of(new StrictTable(
                        file, name.isEmpty() ? key : name + "." + key, one, line(table.inputPositionOf(List.of(key)))))
                : Optional.empty();
    }

    boolean isText(String key) {
        return value(key) instanceof String;
    }

    Set<String> keys() {
        return table.keySet();
    }

    /** Refuses keys that nobody has read. */
    void end() throws Failure {
        for (String key : table.keySet()) {
            if (!asked.contains(key)) {
                throw new Failure(place(table.inputPositionOf(List.of(key))) + ": unknown key \""
                        + EventLog.visible(key) + "\"" + (name.isEmpty() ? "" : " in [" + name + "]")
                        + "; expected one of "
                        + String.join(", ", asked));
            }
        }
    }

    Failure wrong(String key, String expected) {
        return new Failure(at(key) + ": " + expected);
    }

    /** Reads what the value of a key names; a failure says which key of which tunnel named it. */
    <T> T reading(String key, Reader<T> reader) throws Failure {
        try {
            return reader.read();
        } catch (IOException | Failure e) {
            throw new Failure(at(key) + ": " + Errors.sentence(e), e);
        }
    }

    /** Checks what the value of a key names; a failure says which key of which tunnel named it. */
    void checking(String key, Check check) throws Failure {
        reading(key, () -> {
            check.check();
            return key;
        });
    }

    /** Reads a file. */
    interface Reader<T> {
        T read() throws IOException, Failure;
    }

    /** Refuses what contradicts itself. */
    interface Check {
        void check() throws Failure;
    }

    /** Returns the place of a key: file, line, and the key with the name of its tunnel. */
    String at(String key) {
        return place(table.inputPositionOf(List.of(key))) + ": " + shown(key);
    }

    private Failure missing(String key) {
        return new Failure(file + ":" + line + ": " + shown(key) + " is missing");
    }

    private String shown(String key) {
        return EventLog.visible(name.isEmpty() ? key : name + "." + key);
    }

    private @Nullable Object value(String key) {
        asked.add(key);
        return table.get(List.of(key));
    }

    private String place(@Nullable TomlPosition position) {
        return file + ":" + line(position);
    }

    private static int line(@Nullable TomlPosition position) {
        return position == null ? 1 : position.line();
    }
}
