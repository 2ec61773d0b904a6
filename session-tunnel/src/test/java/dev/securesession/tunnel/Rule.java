package dev.securesession.tunnel;

import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names a rule TN-N of docs/tunnel-protocol.md, of which a test shows what it accepts or what it refuses. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@Repeatable(Rule.All.class)
public @interface Rule {
    String value();

    Kind kind();

    enum Kind {
        ACCEPTS,
        REFUSES
    }

    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.METHOD)
    @interface All {
        Rule[] value();
    }
}
