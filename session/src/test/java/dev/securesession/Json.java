package dev.securesession;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A JSON value of test vectors: just enough of the format to read files that are known to be well-formed. */
public final class Json {
    private final Object value;

    private Json(Object value) {
        this.value = value;
    }

    public static Json read(Path file) {
        try {
            return parse(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads one of the files of recorded vectors. */
    public static Json vectors(String name) {
        String path = "/dev/securesession/testkit/vectors/" + name;
        try (InputStream in = Json.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new IllegalStateException("no " + path + " on the class path");
            }
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Json parse(String text) {
        return new Parser(text).whole();
    }

    public Json get(String name) {
        Map<?, ?> object = (Map<?, ?>) value;
        if (!object.containsKey(name)) {
            throw new IllegalArgumentException("no member " + name + " in " + object.keySet());
        }
        return new Json(object.get(name));
    }

    public List<Json> elements() {
        return ((List<?>) value).stream().map(Json::new).toList();
    }

    /** Returns the value as a map, a list, a text, a number, a truth value or null. */
    public Object value() {
        return value;
    }

    public boolean isNull() {
        return value == null;
    }

    public String text() {
        return (String) value;
    }

    public int number() {
        return ((BigDecimal) value).intValueExact();
    }

    public byte[] bytes() {
        return HexFormat.of().parseHex(text());
    }

    @Override
    public String toString() {
        return String.valueOf(value);
    }

    /** Recursive descent. */
    private static final class Parser {
        private final String text;
        private int at;

        Parser(String text) {
            this.text = text;
        }

        Json whole() {
            Object value = value();
            skipSpace();
            if (at != text.length()) {
                throw wrong("the end");
            }
            return new Json(value);
        }

        private Object value() {
            skipSpace();
            return switch (text.charAt(at)) {
                case '{' -> object();
                case '[' -> array();
                case '"' -> string();
                case 't' -> word("true", true);
                case 'f' -> word("false", false);
                case 'n' -> word("null", null);
                default -> number();
            };
        }

        private Map<String, Object> object() {
            Map<String, Object> members = new LinkedHashMap<>();
            at++;
            while (!passed('}')) {
                skipSpace();
                String name = string();
                if (!passed(':')) {
                    throw wrong(":");
                }
                members.put(name, value());
                passed(',');
            }
            return members;
        }

        private List<Object> array() {
            List<Object> elements = new ArrayList<>();
            at++;
            while (!passed(']')) {
                elements.add(value());
                passed(',');
            }
            return elements;
        }

        private String string() {
            StringBuilder result = new StringBuilder();
            if (text.charAt(at++) != '"') {
                throw wrong("a string");
            }
            while (text.charAt(at) != '"') {
                char c = text.charAt(at++);
                if (c != '\\') {
                    result.append(c);
                    continue;
                }
                char escaped = text.charAt(at++);
                switch (escaped) {
                    case 'n' -> result.append('\n');
                    case 't' -> result.append('\t');
                    case 'r' -> result.append('\r');
                    case 'b' -> result.append('\b');
                    case 'f' -> result.append('\f');
                    case 'u' -> {
                        result.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                        at += 4;
                    }
                    default -> result.append(escaped);
                }
            }
            at++;
            return result.toString();
        }

        private Object word(String word, Object value) {
            if (!text.startsWith(word, at)) {
                throw wrong(word);
            }
            at += word.length();
            return value;
        }

        private BigDecimal number() {
            int start = at;
            while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            return new BigDecimal(text.substring(start, at));
        }

        private boolean passed(char expected) {
            skipSpace();
            if (text.charAt(at) != expected) {
                return false;
            }
            at++;
            return true;
        }

        private void skipSpace() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
        }

        private IllegalArgumentException wrong(String expected) {
            return new IllegalArgumentException(expected + " expected at character " + at);
        }
    }
}
