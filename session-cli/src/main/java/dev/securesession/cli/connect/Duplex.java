package dev.securesession.cli.connect;

import dev.securesession.MessageRejectedException;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Hex;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.net.SecureStream;
import dev.securesession.transport.SecureConnection;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** Joins standard input and output to a connection, both directions at once, until both have ended. */
final class Duplex {
    private final Terminal terminal;
    private final SecureConnection connection;
    private final SecureStream stream;
    private final Progress progress;
    private final CountDownLatch sent = new CountDownLatch(1);
    private volatile @Nullable Exception sendingFailure;

    private Duplex(Terminal terminal, SecureConnection connection, Progress progress) {
        this.terminal = terminal;
        this.connection = connection;
        this.stream = new SecureStream(connection);
        this.progress = progress;
    }

    /** Tells who is there and moves everything; returns when both ends have said that they have no more. */
    static void run(Terminal terminal, SecureConnection connection, boolean quiet)
            throws IOException, MessageRejectedException, Failure {
        if (!quiet) {
            terminal.err()
                    .println("session " + Hex.of(connection.session().sessionId()) + " with "
                            + connection.session().peer());
            terminal.err().flush();
        }
        try (Progress progress = Progress.start(terminal, quiet)) {
            new Duplex(terminal, connection, progress).run();
        }
    }

    private void run() throws IOException, MessageRejectedException, Failure {
        // A read from standard input cannot be interrupted: a daemon does not keep the process.
        Thread sender = new Thread(this::send, "sender");
        sender.setDaemon(true);
        sender.start();
        try {
            OutputStream out = terminal.binaryOut();
            stream.receiveAll((bytes, offset, length) -> {
                write(out, bytes, offset, length);
                progress.received(length);
            });
            sent.await();
        } catch (IOException | MessageRejectedException | Failure | IllegalStateException e) {
            connection.close();
            Exception failure = sendingFailure;
            if (failure instanceof Failure first) {
                throw first;
            }
            if (e instanceof IOException && !(e instanceof EOFException)) {
                throw new Failure(
                        "the connection broke: " + Errors.sentence(e) + "; what has arrived may be cut short", e);
            }
            throw e;
        } catch (InterruptedException e) {
            throw new Failure("interrupted", e);
        }
        Exception failure = sendingFailure;
        if (failure != null) {
            throw failure instanceof Failure first
                    ? first
                    : new Failure("cannot send: " + Errors.sentence(failure), failure);
        }
    }

    private void send() {
        try {
            stream.sendAll((target, offset, length) -> {
                int count = read(target, offset, length);
                progress.sent(Math.max(0, count));
                return count;
            });
        } catch (ReadFailure e) {
            sendingFailure = new Failure("cannot read standard input: " + Errors.sentence(e.cause), e);
            closeQuietly();
        } catch (IOException | RuntimeException e) {
            // The receiving direction tells more of why, if it finds out; it does not if the peer is done sending.
            sendingFailure = e;
        } finally {
            sent.countDown();
        }
    }

    private int read(byte[] target, int offset, int length) throws ReadFailure {
        try {
            return terminal.in().read(target, offset, length);
        } catch (IOException e) {
            throw new ReadFailure(e);
        }
    }

    private static void write(OutputStream out, byte[] bytes, int offset, int length) throws Failure {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            throw new Failure("cannot write to standard output: " + Errors.sentence(e), e);
        }
    }

    private void closeQuietly() {
        try {
            connection.close();
        } catch (IOException e) {
            // It is of no use any more, closed or not.
        }
    }

    /** Tells standard input from the connection. */
    private static final class ReadFailure extends IOException {
        private static final long serialVersionUID = 1L;

        private final IOException cause;

        ReadFailure(IOException cause) {
            super(cause);
            this.cause = cause;
        }
    }
}
