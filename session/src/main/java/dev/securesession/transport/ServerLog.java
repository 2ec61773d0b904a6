package dev.securesession.transport;

import dev.securesession.HandshakeException;
import dev.securesession.internal.base.LogLimit;
import dev.securesession.internal.base.VisibleText;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/**
 * The log of connections that come to nothing, for servers whose user does not observe them. One limit holds for all
 * servers, since they share one log; no client can make a line longer, or break it.
 */
final class ServerLog {
    private static final LogLimit LIMIT = new LogLimit(System::nanoTime);

    private ServerLog() {}

    /** Logs why a connection has not reached its handler, or counts it in a flood. */
    static void noSession(SocketAddress address, Exception cause) {
        LIMIT.next().ifPresent(skipped -> warn(line(address, cause, skipped)));
    }

    static String line(SocketAddress address, Exception cause, long skipped) {
        String line = "no session with " + shown(address) + ": " + reason(cause);
        return VisibleText.of(line, MAX_CHARACTERS)
                + (skipped == 0 ? "" : " (and " + skipped + " more such connections since the line before)");
    }

    private static String shown(SocketAddress address) {
        if (!(address instanceof InetSocketAddress inet) || inet.isUnresolved()) {
            return address.toString();
        }
        InetAddress ip = inet.getAddress();
        String host = ip.getHostAddress();
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + inet.getPort();
    }

    private static String reason(Exception cause) {
        String message = cause.getMessage();
        if (message == null || message.isEmpty()) {
            return cause.getClass().getSimpleName();
        }
        if (cause instanceof HandshakeException refusal) {
            return message
                    + refusal.claimedPeer()
                            .map(Object::toString)
                            .filter(peer -> !message.contains(peer))
                            .map(peer -> "; the peer claims to be " + peer)
                            .orElse("");
        }
        return cause instanceof IOException ? message : cause.getClass().getSimpleName() + ": " + message;
    }

    private static void warn(String line) {
        try {
            PlatformLog.warn(line);
        } catch (LinkageError e) {
            // Android's log gets what is written here.
            System.err.println(line);
        }
    }

    /** The log of the JDK. */
    @AbsentOnAndroid
    private static final class PlatformLog {
        private static final System.Logger LOGGER = System.getLogger(SecureServer.class.getName());

        private PlatformLog() {}

        static void warn(String line) {
            LOGGER.log(System.Logger.Level.WARNING, line);
        }
    }

    private static final int MAX_CHARACTERS = 1000;
}
