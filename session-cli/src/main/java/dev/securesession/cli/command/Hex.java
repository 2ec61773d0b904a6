package dev.securesession.cli.command;

import java.util.HexFormat;

/** Bytes in hexadecimal. */
public final class Hex {
    private Hex() {}

    public static String of(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
