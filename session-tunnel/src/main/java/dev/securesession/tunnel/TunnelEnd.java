package dev.securesession.tunnel;

import dev.securesession.internal.base.VisibleText;

/**
 * How a connection ended.
 *
 * @param complete true if both directions ended, and each side has acknowledged that it has written all bytes to its program
 * @param reason for logs; the words of the peer are among them where it aborted, with invisible characters replaced
 */
public record TunnelEnd(boolean complete, String reason) {
    static final TunnelEnd COMPLETE = new TunnelEnd(true, "complete");

    static TunnelEnd failed(String reason) {
        return new TunnelEnd(false, VisibleText.of(reason, MAX_LENGTH));
    }

    private static final int MAX_LENGTH = 400;
}
