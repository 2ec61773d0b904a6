package dev.securesession.compat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The public signatures of the original, as they were recorded. */
final class RecordedApi {
    static final String PACKAGE = "com.cossacklabs.themis";

    private static final Pattern HEADER =
            Pattern.compile("(?<modifiers>(?:(?:public|abstract|final) )*)(?<kind>class|interface) (?<name>[\\w$]+)"
                    + "(?: extends (?<parent>[\\w.$<>]+))?(?: implements (?<interfaces>[\\w.$, ]+))? \\{");
    private static final Pattern MEMBER = Pattern.compile(
            "(?<modifiers>(?:(?:public|protected|abstract|static|final|synchronized) )*)(?:(?<type>[\\w.$\\[\\]]+) )?"
                    + "(?<name>[\\w$]+)(?<call>\\((?<parameters>[^)]*)\\))?(?: throws (?<exceptions>[\\w., ]+))?;");

    private RecordedApi() {}

    /** Returns what was recorded of each class, by name. */
    static Map<String, ClassRecord> read() throws IOException {
        String text;
        try (InputStream in = RecordedApi.class.getResourceAsStream("/recorded-signatures.txt")) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        Map<String, ClassRecord> types = new LinkedHashMap<>();
        ClassRecord current = null;
        List<String> lines = text.lines().collect(Collectors.toList());
        for (String line : lines.subList(1, lines.size())) {
            if (line.isBlank() || line.equals("}")) {
                continue;
            }
            if (line.startsWith("  ")) {
                current.members.add(member(line.trim()));
            } else {
                current = type(line);
                types.put(current.name, current);
            }
        }
        return types;
    }

    private static ClassRecord type(String line) {
        Matcher header = matched(HEADER, line);
        return new ClassRecord(
                header.group("modifiers").trim(),
                header.group("kind"),
                header.group("name"),
                header.group("parent"),
                split(header.group("interfaces")));
    }

    private static Member member(String line) {
        Matcher member = matched(MEMBER, line);
        return new Member(
                line,
                member.group("modifiers").trim(),
                member.group("type"),
                member.group("name"),
                member.group("call") == null ? null : split(member.group("parameters")),
                split(member.group("exceptions")));
    }

    private static Matcher matched(Pattern pattern, String line) {
        Matcher matcher = pattern.matcher(line);
        if (!matcher.matches()) {
            throw new IllegalStateException("not understood: " + line);
        }
        return matcher;
    }

    private static List<String> split(String list) {
        return list == null || list.isBlank() ? List.of() : Arrays.asList(list.split(", ?"));
    }

    static final class ClassRecord {
        final String modifiers;
        final String kind;
        final String name;
        final String parent;
        final List<String> interfaces;
        final List<Member> members = new ArrayList<>();

        ClassRecord(String modifiers, String kind, String name, String parent, List<String> interfaces) {
            this.modifiers = modifiers;
            this.kind = kind;
            this.name = name;
            this.parent = parent;
            this.interfaces = interfaces;
        }

        boolean isEnum() {
            return parent != null && parent.startsWith("Enum<");
        }

        boolean isInterface() {
            return kind.equals("interface");
        }

        String simpleName() {
            return name.substring(name.indexOf('$') + 1);
        }

        String header() {
            return (modifiers.isEmpty() ? "" : modifiers + " ") + kind + " " + name
                    + (parent == null ? "" : " extends " + parent)
                    + (interfaces.isEmpty() ? "" : " implements " + String.join(", ", interfaces));
        }
    }

    static final class Member {
        final String line;
        final String modifiers;
        final String type;
        final String name;
        final List<String> parameters;
        final List<String> exceptions;

        Member(
                String line,
                String modifiers,
                String type,
                String name,
                List<String> parameters,
                List<String> exceptions) {
            this.line = line;
            this.modifiers = modifiers;
            this.type = type;
            this.name = name;
            this.parameters = parameters;
            this.exceptions = exceptions;
        }

        boolean isField() {
            return parameters == null;
        }

        boolean isConstructor() {
            return type == null;
        }
    }
}
