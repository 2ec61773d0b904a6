package dev.securesession.tunnel;

import dev.securesession.internal.base.Source;
import io.netty.channel.Channel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Limits how often each source may begin a handshake: a bucket of tokens for each address, filled evenly. Safe for use by
 * several threads.
 */
final class SourceRates {
    /** The limit from which on the source that was seen least recently is forgotten. */
    private static final int MAX_SOURCES = 10_000;

    private static final double NANOS_PER_SECOND = 1e9;

    private final int perSecond;
    private final LongSupplier nanoTime;

    // Guarded by its own monitor; no user code runs under it.
    private final Map<String, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
            return size() > MAX_SOURCES;
        }
    };

    SourceRates(int perSecond, LongSupplier nanoTime) {
        this.perSecond = perSecond;
        this.nanoTime = nanoTime;
    }

    /** Takes a token from the bucket of the source of a channel; returns false if the bucket is empty. */
    boolean admits(Channel channel) {
        return !(channel.remoteAddress() instanceof InetSocketAddress remote) || admits(remote.getAddress());
    }

    boolean admits(InetAddress address) {
        if (perSecond == 0 || address.isLoopbackAddress()) {
            return true;
        }
        long now = nanoTime.getAsLong();
        synchronized (buckets) {
            Bucket bucket =
                    buckets.computeIfAbsent(Source.of(address.getAddress()), unused -> new Bucket(perSecond, now));
            bucket.tokens = Math.min(perSecond, bucket.tokens + (now - bucket.nanos) / NANOS_PER_SECOND * perSecond);
            bucket.nanos = now;
            if (bucket.tokens < 1) {
                return false;
            }
            bucket.tokens--;
            return true;
        }
    }

    private static final class Bucket {
        private double tokens;
        private long nanos;

        Bucket(double tokens, long nanos) {
            this.tokens = tokens;
            this.nanos = nanos;
        }
    }
}
