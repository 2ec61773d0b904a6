package dev.securesession.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @Test
    void readsEveryKindOfValue() {
        Object value = Json.parse(
                " {\"a\": [1, -20, 0], \"b\" : {}, \"c\":[], \"d\":true,\"e\":false, \"f\": \"x\\n\\u0041\\\"\"}\n");

        assertThat(value)
                .isEqualTo(Map.of(
                        "a",
                        List.of(1L, -20L, 0L),
                        "b",
                        Map.of(),
                        "c",
                        List.of(),
                        "d",
                        true,
                        "e",
                        false,
                        "f",
                        "x\nA\""));
        assertThat(Json.parse("null")).isSameAs(Json.NULL);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "[1",
                "[1,]",
                "{\"a\":1,}",
                "{\"a\" 1}",
                "{a:1}",
                "{\"a\":1,\"a\":2}",
                "[1] 2",
                "01",
                "1.5",
                "1e3",
                "-",
                "tru",
                "\"x",
                "\"\\x\"",
                "\"\\u00\"",
                "\"\n\"",
                "'x'",
                "[1 2]",
            })
    void refusesAnythingElse(String text) {
        assertThatThrownBy(() -> Json.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
