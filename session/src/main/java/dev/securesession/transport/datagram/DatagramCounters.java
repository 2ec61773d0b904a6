package dev.securesession.transport.datagram;

/**
 * What a {@link SecureDatagramServer} has done until now, for metrics. All numbers but {@code halfOpen} and {@code open} only
 * grow.
 *
 * @param received datagrams that have arrived
 * @param dropped datagrams that were refused or ignored: junk, repetitions, unknown sessions, more than fits
 * @param established handshakes that made a session
 * @param failed handshakes that were refused or timed out
 * @param displaced half-open handshakes that made room for others
 * @param ended sessions that have ended, for whatever reason
 * @param halfOpen handshakes that are not over
 * @param open established sessions
 */
public record DatagramCounters(
        long received,
        long dropped,
        long established,
        long failed,
        long displaced,
        long ended,
        int halfOpen,
        int open) {}
