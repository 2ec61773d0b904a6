package dev.securesession;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/** The check values that docs/signed-and-sealed-messages.md prints below a heading, by their names. */
final class MessagePage {
    private static final Path PAGE =
            Path.of(System.getProperty("basedir", "")).resolve("../docs/signed-and-sealed-messages.md");

    private final Map<String, String> values = new LinkedHashMap<>();

    private MessagePage() {}

    static MessagePage below(String heading) throws IOException {
        String section = Files.readString(PAGE).split("\n#+ " + heading + "\n", -1)[1];
        String block = section.split("(?m)^### Check value.*\n+```\n", -1)[1].split("\n```", -1)[0];
        MessagePage page = new MessagePage();
        String name = "";
        for (String line : block.split("\n", -1)) {
            String stated = line.substring(0, 11).trim();
            name = stated.isEmpty() ? name : stated;
            page.values.merge(name, line.substring(11), String::concat);
        }
        assertThat(page.values).hasSizeGreaterThan(3);
        return page;
    }

    byte[] bytes(String name) {
        String value = values.get(name);
        return value.startsWith("\"")
                ? value.substring(1, value.length() - 1).getBytes(UTF_8)
                : HexFormat.of().parseHex(value.replace(" ", ""));
    }

    IdentityPrivateKey privateKey(String name) throws KeyRejectedException {
        return IdentityPrivateKey.decode(bytes(name));
    }

    IdentityPublicKey publicKey(String name) throws KeyRejectedException {
        return IdentityPublicKey.decode(bytes(name));
    }
}
