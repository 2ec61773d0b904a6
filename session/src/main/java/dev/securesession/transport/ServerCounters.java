package dev.securesession.transport;

/**
 * What a {@link SecureServer} has done until now, for metrics. All numbers but {@code halfOpen} and {@code open} only
 * grow.
 *
 * @param accepted connections that were accepted
 * @param established handshakes that made a session
 * @param failed handshakes that failed, were refused or timed out, without those that {@code shed} and {@code turnedAway}
 *     count
 * @param shed half-open connections that were closed to make room for others
 * @param evicted connections that were closed because incomplete messages held too many bytes
 * @param turnedAway connections that were closed at the end of their handshake, because their peer or all peers together had
 *     as many as are allowed
 * @param handlerFailures handlers that threw an exception
 * @param halfOpen connections whose handshake is not over
 * @param open established connections
 */
public record ServerCounters(
        long accepted,
        long established,
        long failed,
        long shed,
        long evicted,
        long turnedAway,
        long handlerFailures,
        int halfOpen,
        int open) {}
