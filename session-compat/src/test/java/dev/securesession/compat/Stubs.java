package dev.securesession.compat;

import dev.securesession.compat.RecordedApi.ClassRecord;
import dev.securesession.compat.RecordedApi.Member;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Classes with the recorded signatures and nothing in them: they stand for the original when programs are compiled. */
final class Stubs {
    /** What javap does not print. */
    static final Map<String, Integer> CONSTANTS = Map.of(
            "KEYTYPE_EC", 0, "KEYTYPE_RSA", 1, "MODE_SEAL", 0, "MODE_TOKEN_PROTECT", 1, "MODE_CONTEXT_IMPRINT", 2);

    private final Map<String, ClassRecord> types;

    private Stubs(Map<String, ClassRecord> types) {
        this.types = types;
    }

    static void compile(Path target) throws IOException {
        Stubs stubs = new Stubs(RecordedApi.read());
        Map<String, String> sources = new LinkedHashMap<>();
        for (ClassRecord type : stubs.types.values()) {
            if (!type.name.contains("$")) {
                sources.put(
                        RecordedApi.PACKAGE + "." + type.name,
                        "package " + RecordedApi.PACKAGE + ";\n" + stubs.source(type));
            }
        }
        Compiler.compileSources(sources, List.of(), target);
    }

    private String source(ClassRecord type) {
        StringBuilder source = new StringBuilder();
        if (type.isEnum()) {
            source.append("public enum ").append(type.simpleName()).append(" {");
            source.append(type.members.stream()
                    .filter(Member::isField)
                    .map(member -> member.name)
                    .collect(Collectors.joining(", ", "", ";")));
        } else {
            source.append(type.header().replace(type.name, type.simpleName())).append(" {\n");
        }
        for (Member member : type.members) {
            if (!type.isEnum()
                    || !(member.isField() || List.of("values", "valueOf").contains(member.name))) {
                source.append(member(type, member));
            }
        }
        if (!type.isInterface() && !type.isEnum() && type.members.stream().noneMatch(Member::isConstructor)) {
            source.append(type.simpleName())
                    .append("() {")
                    .append(superCall(type))
                    .append("}\n");
        }
        types.values().stream()
                .filter(nested -> nested.name.startsWith(type.name + "$"))
                .forEach(nested -> source.append(source(nested)));
        return source.append("}\n").toString().replace('$', '.');
    }

    private String member(ClassRecord type, Member member) {
        if (member.isField()) {
            Integer constant = CONSTANTS.get(member.name);
            return member.modifiers + " " + member.type + " " + member.name + (constant == null ? "" : " = " + constant)
                    + ";\n";
        }
        StringBuilder parameters = new StringBuilder();
        for (int i = 0; i < member.parameters.size(); i++) {
            parameters
                    .append(i == 0 ? "" : ", ")
                    .append(member.parameters.get(i))
                    .append(" p")
                    .append(i);
        }
        String exceptions = member.exceptions.isEmpty() ? "" : " throws " + String.join(", ", member.exceptions);
        String head = member.modifiers + " " + (member.isConstructor() ? "" : member.type + " ") + member.name + "("
                + parameters + ")" + exceptions;
        if (member.modifiers.contains("abstract")) {
            return head + ";\n";
        }
        return head + " {" + (member.isConstructor() ? superCall(type) : "") + "if (true) throw new AssertionError();"
                + (member.isConstructor() || member.type.equals("void") ? "" : "return " + zero(member.type) + ";")
                + "}\n";
    }

    /** Calls some constructor of the parent, where that is a stub too and has none without parameters. */
    private String superCall(ClassRecord type) {
        ClassRecord parent = types.get(type.parent);
        if (parent == null) {
            return "";
        }
        return parent.members.stream()
                .filter(Member::isConstructor)
                .findFirst()
                .map(constructor -> constructor.parameters.stream()
                        .map(parameter -> "(" + parameter + ") null")
                        .collect(Collectors.joining(", ", "super(", ");")))
                .orElse("");
    }

    private static String zero(String type) {
        return type.equals("boolean") ? "false" : "null";
    }
}
