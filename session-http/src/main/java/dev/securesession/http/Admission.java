package dev.securesession.http;

import java.util.HashMap;
import java.util.Map;

/** Limits the requests at the same time and the bytes that they hold. Safe for use by several threads. */
final class Admission {
    private final HttpServerOptions options;

    // Guarded by this object.
    private final Map<String, Integer> requestsOfAddress = new HashMap<>();
    private final Map<String, Long> bytesOfSession = new HashMap<>();
    private int requests;
    private long bytes;
    private long turnedAway;

    Admission(HttpServerOptions options) {
        this.options = options;
    }

    /** Admits a request of an address, or returns the status that turns it away. */
    synchronized int enter(String address) {
        if (requests >= options.requestLimit()) {
            turnedAway++;
            return Status.NO_ROOM;
        }
        if (requestsOfAddress.getOrDefault(address, 0) >= options.requestLimitPerAddress()) {
            turnedAway++;
            return Status.TOO_MANY;
        }
        requests++;
        requestsOfAddress.merge(address, 1, Integer::sum);
        return Status.OK;
    }

    synchronized void leave(String address) {
        requests--;
        requestsOfAddress.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
    }

    /**
     * Reserves room for bytes, before they are allocated. Whoever knows the token of a session can withhold bytes, but only
     * those of that session.
     */
    synchronized boolean reserve(String token, int length) {
        long ofSession = bytesOfSession.getOrDefault(token, 0L) + length;
        if (bytes + length > options.requestBytesLimit() || ofSession > options.requestBytesLimitPerSession()) {
            turnedAway++;
            return false;
        }
        bytes += length;
        bytesOfSession.put(token, ofSession);
        return true;
    }

    synchronized void release(String token, int length) {
        bytes -= length;
        bytesOfSession.computeIfPresent(token, (key, held) -> held == length ? null : held - length);
    }

    synchronized void turnAway() {
        turnedAway++;
    }

    synchronized int requests() {
        return requests;
    }

    synchronized long bytes() {
        return bytes;
    }

    synchronized long turnedAway() {
        return turnedAway;
    }
}
