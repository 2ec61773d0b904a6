package dev.securesession.testkit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the JSON of the recorded vectors, and no more: objects, arrays, strings without control characters, whole numbers,
 * true, false and null. Anything else, a name that comes twice, or bytes behind the value end with an exception.
 *
 * <p>Values come as {@code Map}, {@code List}, {@code String}, {@code Long}, {@code Boolean} and {@link #NULL}.
 */
final class Json {
    /** What null is read as. */
    static final Object NULL = new Object();

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    static Object parse(String text) {
        Json json = new Json(text);
        json.skipSpace();
        Object value = json.value();
        if (json.at != text.length()) {
            throw json.unexpected("the end");
        }
        return value;
    }

    /** Reads a value and the space behind it. */
    private Object value() {
        Object value = switch (peek()) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", NULL);
            default -> number();
        };
        skipSpace();
        return value;
    }

    private Map<String, Object> object() {
        Map<String, Object> members = new LinkedHashMap<>();
        expect('{');
        if (peek() == '}') {
            expect('}');
            return members;
        }
        while (true) {
            String name = string();
            skipSpace();
            expect(':');
            if (members.put(name, value()) != null) {
                throw new IllegalArgumentException("the name \"" + name + "\" comes twice");
            }
            if (peek() == '}') {
                expect('}');
                return members;
            }
            expect(',');
        }
    }

    private List<Object> array() {
        List<Object> elements = new ArrayList<>();
        expect('[');
        if (peek() == ']') {
            expect(']');
            return elements;
        }
        while (true) {
            elements.add(value());
            if (peek() == ']') {
                expect(']');
                return elements;
            }
            expect(',');
        }
    }

    private String string() {
        if (peek() != '"') {
            throw unexpected("a string");
        }
        at++;
        StringBuilder string = new StringBuilder();
        while (peek() != '"') {
            char c = text.charAt(at++);
            if (c < ' ') {
                throw unexpected("no control character in a string");
            }
            string.append(c == '\\' ? escaped() : c);
        }
        at++;
        return string.toString();
    }

    private char escaped() {
        char c = peek();
        at++;
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'u' -> {
                if (at + 4 > text.length()) {
                    throw unexpected("four digits");
                }
                at += 4;
                yield (char) Integer.parseInt(text.substring(at - 4, at), 16);
            }
            default -> throw unexpected("another escape");
        };
    }

    private Long number() {
        int start = at;
        if (peek() == '-') {
            at++;
        }
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        String digits = text.substring(start, at);
        if (!digits.matches("-?(0|[1-9][0-9]*)")) {
            throw unexpected("a value");
        }
        return Long.valueOf(digits);
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw unexpected(word);
        }
        at += word.length();
        return value;
    }

    /** Reads a mark and the space behind it. */
    private void expect(char mark) {
        if (peek() != mark) {
            throw unexpected("'" + mark + "'");
        }
        at++;
        skipSpace();
    }

    private char peek() {
        if (at == text.length()) {
            throw unexpected("more");
        }
        return text.charAt(at);
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private IllegalArgumentException unexpected(String expected) {
        return new IllegalArgumentException("at character " + at + " of the JSON text there must be " + expected);
    }
}
