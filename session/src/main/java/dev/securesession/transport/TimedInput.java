package dev.securesession.transport;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Limits the time for a whole message, where a socket alone limits it for each read: a slow peer gains nothing. */
final class TimedInput extends FilterInputStream {
    private final TimeoutSetting setting;
    private TimeLeft timeLeft = TimeLeft.of(Duration.ZERO);

    TimedInput(InputStream in, TimeoutSetting setting) {
        super(in);
        this.setting = setting;
    }

    /** Starts the time, or lets it be without limit when there is none. */
    void startTimer(Duration timeout) throws IOException {
        timeLeft = TimeLeft.of(timeout);
        if (timeout.isZero()) {
            setting.set(0);
        }
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        applyLimit();
        return super.read(target, offset, length);
    }

    @Override
    public int read() throws IOException {
        applyLimit();
        return super.read();
    }

    /**
     * Nothing, as far as a buffer is concerned: it would otherwise read again while more is there, and lose what it has
     * read when the time is over in between.
     */
    @Override
    public int available() {
        return 0;
    }

    private void applyLimit() throws IOException {
        Duration left = timeLeft.orThrow();
        if (!left.isZero()) {
            setting.set((int) Math.min(Integer.MAX_VALUE, left.toMillis() + 1));
        }
    }

    /** Sets how long a read may take in milliseconds, 0 for no limit. */
    interface TimeoutSetting {
        void set(int millis) throws IOException;
    }
}
