package dev.securesession.rules;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names a rule of PROTOCOL.md that a test holds the library to. Each rule has at least one test in which something is
 * accepted (or done) that the rule allows, and one in which something is refused that it forbids.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@Repeatable(Rule.All.class)
public @interface Rule {
    /** The number of the rule, for example {@code "H-3"}. */
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
    @Documented
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.METHOD)
    @interface All {
        Rule[] value();
    }
}
