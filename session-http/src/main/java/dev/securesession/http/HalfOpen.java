package dev.securesession.http;

import dev.securesession.Handshake;
import java.time.Instant;

/** A handshake whose message 3 is awaited. */
final class HalfOpen {
    final Handshake handshake;
    final String address;
    final Instant began;
    final long epoch;

    HalfOpen(Handshake handshake, String address, Instant began, long epoch) {
        this.handshake = handshake;
        this.address = address;
        this.began = began;
        this.epoch = epoch;
    }
}
