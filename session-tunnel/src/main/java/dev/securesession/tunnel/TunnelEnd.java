package dev.securesession.tunnel;

/**
 * How a connection ended.
 *
 * @param complete true if both directions ended, and each side has acknowledged that it has written all bytes to its program
 * @param reason for logs; the words of the peer are among them where it aborted, with control characters replaced
 */
public record TunnelEnd(boolean complete, String reason) {
    static final TunnelEnd COMPLETE = new TunnelEnd(true, "complete");

    static TunnelEnd failed(String reason) {
        return new TunnelEnd(false, clean(reason));
    }

    /** The words of a peer must not forge lines of a log. */
    private static String clean(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints()
                .limit(MAX_LENGTH)
                .map(c -> Character.isISOControl(c)
                                || Character.getType(c) == Character.FORMAT
                                || c == 0x2028
                                || c == 0x2029
                        ? '?'
                        : c)
                .forEach(clean::appendCodePoint);
        return clean.toString();
    }

    private static final int MAX_LENGTH = 400;
}
