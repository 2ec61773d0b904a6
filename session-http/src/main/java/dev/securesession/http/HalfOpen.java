package dev.securesession.http;

import dev.securesession.Handshake;
import java.time.Instant;

/** A handshake whose message 3 is awaited. */
final class HalfOpen {
    final Handshake handshake;
    final String source;
    final Instant began;
    final long epoch;

    HalfOpen(Handshake handshake, String source, Instant began, long epoch) {
        this.handshake = handshake;
        this.source = source;
        this.began = began;
        this.epoch = epoch;
    }
}
