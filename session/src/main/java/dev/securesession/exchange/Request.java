package dev.securesession.exchange;

import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A request of the peer, to be answered once by the {@link Exchange} that received it. Safe for use by several threads. */
public final class Request implements Received {
    private final @Nullable Exchange owner;
    private final long number;
    private final byte[] body;
    private final AtomicBoolean answered = new AtomicBoolean();

    Request(@Nullable Exchange owner, long number, byte[] body) {
        this.owner = owner;
        this.number = number;
        this.body = body;
    }

    @Override
    public long number() {
        return number;
    }

    /**
     * Returns the body.
     *
     * @return 0 bytes or more, the caller's to keep; the same array each time
     */
    public byte[] body() {
        return body;
    }

    /** Notes the answer, of which there is one. PROTOCOL.md EX-4. */
    void beginAnswer(@Nullable Exchange answering) {
        if (owner != answering) {
            throw new IllegalArgumentException("request " + number + " of another exchange; answer it there");
        }
        if (!answered.compareAndSet(false, true)) {
            throw new IllegalStateException("request " + number + " was answered before");
        }
    }

    /**
     * Describes the request for people to read.
     *
     * @return a description without its content
     */
    @Override
    public String toString() {
        return "request " + number + " of " + body.length + " bytes";
    }
}
