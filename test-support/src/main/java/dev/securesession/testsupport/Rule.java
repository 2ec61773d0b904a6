package dev.securesession.testsupport;

import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names a rule of a document of which a test shows what it accepts or what it refuses. {@link RuleCoverage} compares the tests of
 * a module with the document. (The tests of {@code session} have a rule of their own, so that they need no other module.)
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@Repeatable(Rule.All.class)
public @interface Rule {
    /** The number of the rule, for example {@code "HT-3"}. */
    String value();

    /** What the test shows. */
    Kind kind();

    /** What a test shows of a rule. */
    enum Kind {
        /** What the rule allows or demands is done. */
        ACCEPTS,
        /** What the rule forbids is refused, or not done. */
        REFUSES
    }

    /** Several rules at one test. */
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.METHOD)
    @interface All {
        Rule[] value();
    }
}
