package dev.securesession.cli.inspect;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was found in some bytes: what they are, field by field, and what is right or wrong about them. No secrets. */
final class Report {
    private final int length;
    private final List<Field> fields = new ArrayList<>();
    private final Map<String, String> facts = new LinkedHashMap<>();
    private final List<Check> checks = new ArrayList<>();
    private String sentence = "Nothing is known about these bytes";

    Report(int length) {
        this.length = length;
    }

    /** Says what it is. Said again, the later words count. */
    void is(String what) {
        sentence = what;
    }

    void field(int depth, int offset, int bytes, String name, String value) {
        fields.add(new Field(depth, offset, bytes, name, value));
    }

    /** Adds something that follows from the bytes but stands nowhere in them. */
    void fact(String name, String value) {
        facts.put(name, value);
    }

    /** Adds the result of a check and returns it. */
    boolean check(String what, boolean passed, String found) {
        checks.add(new Check(what, passed, found));
        return passed;
    }

    /** Adds words to what the checks of this name have found. */
    void explain(String what, String words) {
        checks.replaceAll(check ->
                check.what().equals(what) ? new Check(what, check.passed(), check.found() + " " + words) : check);
    }

    boolean isAllRight() {
        return checks.stream().allMatch(Check::passed);
    }

    int length() {
        return length;
    }

    String sentence() {
        return sentence;
    }

    List<Field> fields() {
        return fields;
    }

    Map<String, String> facts() {
        return facts;
    }

    List<Check> checks() {
        return checks;
    }

    /** Some bytes and what they mean; those of a smaller depth contain those of the greater depth that follow. */
    record Field(int depth, int offset, int length, String name, String value) {}

    record Check(String what, boolean passed, String found) {}
}
