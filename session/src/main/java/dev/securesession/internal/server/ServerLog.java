package dev.securesession.internal.server;

import dev.securesession.HandshakeException;
import dev.securesession.internal.base.LogLimit;
import dev.securesession.internal.base.VisibleText;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/**
 * The log of connections or requests that come to nothing, for servers whose user does not observe them. All servers of one
 * kind share a log, and its limit; no client can make a line longer, or break it. Safe for use by several threads.
 */
public final class ServerLog {
    private final String logger;
    private final String beginning;
    private final LogLimit limit = new LogLimit(System::nanoTime);

    /**
     * Makes the log of all servers of one kind.
     *
     * @param logger the name of the {@link System.Logger}
     * @param beginning the beginning of each line, up to the address of the client
     */
    public ServerLog(String logger, String beginning) {
        this.logger = logger;
        this.beginning = beginning;
    }

    /** Logs why a client has got no session or no answer, or counts it in a flood. */
    public void refused(SocketAddress address, Exception cause) {
        limit.next().ifPresent(skipped -> warn(line(address, cause, skipped)));
    }

    String line(SocketAddress address, Exception cause, long skipped) {
        String line = beginning + " " + shown(address) + ": " + reason(cause);
        return VisibleText.of(line, MAX_CHARACTERS)
                + (skipped == 0 ? "" : " (and " + skipped + " more since the line before)");
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

    private void warn(String line) {
        try {
            PlatformLog.warn(logger, line);
        } catch (LinkageError e) {
            // Android's log gets what is written here.
            System.err.println(line);
        }
    }

    /** The log of the JDK. */
    @AbsentOnAndroid
    private static final class PlatformLog {
        private PlatformLog() {}

        static void warn(String logger, String line) {
            System.getLogger(logger).log(System.Logger.Level.WARNING, line);
        }
    }

    private static final int MAX_CHARACTERS = 1000;
}
