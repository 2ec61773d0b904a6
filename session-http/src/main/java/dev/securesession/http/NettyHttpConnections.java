package dev.securesession.http;

import io.netty.channel.Channel;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a server on Netty, and the bytes of heads that are not complete. At a limit the connection that has waited
 * for a request for the longest time makes room, so that who is quick gets through, however many hold connections open.
 *
 * <p>Safe for use by several threads. Connections are closed after the monitor is released, on their own event loops.
 */
final class NettyHttpConnections {
    /** Bytes of incomplete heads of all connections. A parsed header takes some 30 bytes of memory for each byte. */
    static final int MAX_HEAD_BYTES = 512 * 1024;

    private final int limit;
    private final int limitPerAddress;

    // Guarded by this object. Those without a request in progress come in the order in which their waiting began.
    private final Map<Channel, Place> places = new HashMap<>();
    private final LinkedHashMap<Channel, Place> waiting = new LinkedHashMap<>();
    private final Map<String, Integer> countOfSource = new HashMap<>();
    private long headBytes;

    NettyHttpConnections(HttpServerOptions options) {
        this.limit = options.connectionLimit();
        this.limitPerAddress = options.connectionLimitPerAddress();
    }

    private static final class Place {
        final String source;
        int headBytes;

        Place(String source) {
            this.source = source;
        }
    }

    /** Takes a new connection, which waits for a request; closes another one, or itself, at a limit. */
    void open(Channel channel, String source) {
        Channel displaced;
        synchronized (this) {
            if (places.containsKey(channel)) {
                return;
            }
            Place place = new Place(source);
            places.put(channel, place);
            waiting.put(channel, place);
            countOfSource.merge(source, 1, Integer::sum);
            if (countOfSource.getOrDefault(source, 0) > limitPerAddress) {
                displaced = eldest(source, false);
            } else {
                displaced = places.size() > limit ? eldest(null, false) : null;
            }
            forget(displaced);
        }
        close(displaced);
    }

    /** Notes that a connection waits for a request again. */
    synchronized void waits(Channel channel) {
        Place place = places.get(channel);
        if (place != null) {
            waiting.put(channel, place);
        }
    }

    /** Notes that bytes of a head have arrived; if all heads together are too long, the eldest connection with one makes room. */
    void headBytes(Channel channel, int count) {
        Channel displaced = null;
        synchronized (this) {
            Place place = waiting.get(channel);
            if (place == null) {
                return;
            }
            place.headBytes += count;
            headBytes += count;
            if (headBytes > MAX_HEAD_BYTES) {
                displaced = eldest(null, true);
                forget(displaced);
            }
        }
        close(displaced);
    }

    /** Notes that the head of a request is complete. */
    synchronized void works(Channel channel) {
        Place place = waiting.remove(channel);
        if (place != null) {
            headBytes -= place.headBytes;
            place.headBytes = 0;
        }
    }

    /** Forgets a connection that is closed. */
    synchronized void closed(Channel channel) {
        forget(channel);
    }

    synchronized int count() {
        return places.size();
    }

    synchronized long headBytes() {
        return headBytes;
    }

    /** Returns the connection that waits for the longest time; the newest one is among them. */
    private Channel eldest(@Nullable String source, boolean withHead) {
        for (Map.Entry<Channel, Place> entry : waiting.entrySet()) {
            Place place = entry.getValue();
            if ((source == null || place.source.equals(source)) && (!withHead || place.headBytes > 0)) {
                return entry.getKey();
            }
        }
        throw new AssertionError("a connection that waits is missing");
    }

    private void forget(@Nullable Channel channel) {
        Place place = channel == null ? null : places.remove(channel);
        if (place != null) {
            waiting.remove(channel);
            headBytes -= place.headBytes;
            countOfSource.computeIfPresent(place.source, (key, count) -> count == 1 ? null : count - 1);
        }
    }

    private static void close(@Nullable Channel channel) {
        if (channel != null) {
            channel.close();
        }
    }
}
