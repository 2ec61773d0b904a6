package dev.securesession.cli.connect;

import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Hex;
import dev.securesession.cli.command.Terminal;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import dev.securesession.transport.StreamAbortedException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Joins standard input and output to a stream over a connection, both directions at once, until both have ended and each side
 * knows that the other one has written everything.
 *
 * <p>A failure at this end aborts the stream with one of the codes below, which docs/command.md lists.
 */
final class Duplex {
    /** The abort code of a peer that cannot read its standard input. */
    static final int INPUT_FAILED = StreamAbortedException.FIRST_APPLICATION_CODE;

    /** The abort code of a peer that cannot write to its standard output. */
    static final int OUTPUT_FAILED = INPUT_FAILED + 1;

    /** The abort code of a process that is terminated by a signal. */
    static final int TERMINATED = INPUT_FAILED + 2;

    /** A program that reads our standard output may stop for as long as it likes, and so may the peer's. */
    static final ConnectionOptions CONNECTION = ConnectionOptions.defaults().withSendTimeout(Duration.ZERO);

    private final Terminal terminal;
    private final SecureStream stream;
    private final Progress progress;
    private final CountDownLatch sendingDone = new CountDownLatch(1);

    // The first failure of standard input, standard output or the sending direction.
    private volatile @Nullable Exception failure;

    // Whether everything of the peer is written.
    private boolean received;

    private Duplex(Terminal terminal, SecureStream stream, Progress progress) {
        this.terminal = terminal;
        this.stream = stream;
        this.progress = progress;
    }

    /** Prints the peer and moves all bytes; returns when both directions are acknowledged, and closes the connection. */
    static void run(Terminal terminal, SecureConnection connection, boolean quiet) throws IOException, Failure {
        if (!quiet) {
            terminal.err()
                    .println("session " + Hex.of(connection.session().sessionId()) + " with "
                            + connection.session().peer());
            terminal.err().flush();
        }
        try (SecureStream stream = SecureStream.over(connection);
                Progress progress = Progress.start(terminal, quiet)) {
            new Duplex(terminal, stream, progress).run();
        }
    }

    private void run() throws Failure {
        Thread atExit = new Thread(() -> abort(TERMINATED, "the process was terminated"), "abort");
        Runtime.getRuntime().addShutdownHook(atExit);
        try {
            // A read from standard input cannot be interrupted, so the thread is a daemon.
            Thread sender = new Thread(this::send, "sender");
            sender.setDaemon(true);
            sender.start();
            receive();
            sendingDone.await();
        } catch (InterruptedException e) {
            throw new Failure("interrupted", e);
        } finally {
            removeShutdownHook(atExit);
        }
        Exception sending = failure;
        if (sending != null) {
            throw sending instanceof Failure local ? local : explained(sending);
        }
    }

    private void send() {
        byte[] chunk = new byte[CHUNK_LENGTH];
        try {
            for (int length = read(chunk); length >= 0; length = read(chunk)) {
                stream.output().write(chunk, 0, length);
                progress.sent(length);
            }
            stream.shutdownOutput();
        } catch (Failure e) {
            failure = e;
            abort(INPUT_FAILED, String.valueOf(e.getMessage()));
        } catch (IOException | RuntimeException e) {
            // Usually the receiving direction fails too, and its error says more. It does not if the peer has ended it.
            failure = e;
        } finally {
            Arrays.fill(chunk, (byte) 0);
            sendingDone.countDown();
        }
    }

    private void receive() throws Failure {
        InputStream in = stream.input();
        byte[] chunk = new byte[CHUNK_LENGTH];
        try {
            for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
                write(terminal.binaryOut(), chunk, length);
                progress.received(length);
            }
            received = true;
            stream.acknowledge();
            stream.awaitAcknowledgement();
        } catch (IOException e) {
            if (failure instanceof Failure local) {
                throw local;
            }
            throw explained(e);
        } finally {
            Arrays.fill(chunk, (byte) 0);
        }
    }

    private int read(byte[] chunk) throws Failure {
        try {
            return terminal.in().read(chunk);
        } catch (IOException e) {
            throw new Failure("cannot read standard input: " + Errors.sentence(e), e);
        }
    }

    private void write(OutputStream out, byte[] chunk, int length) throws Failure {
        try {
            out.write(chunk, 0, length);
        } catch (IOException e) {
            Failure local = new Failure("cannot write to standard output: " + Errors.sentence(e), e);
            failure = local;
            abort(OUTPUT_FAILED, String.valueOf(local.getMessage()));
            throw local;
        }
    }

    private void abort(int code, String reason) {
        try {
            stream.abort(code, reason);
        } catch (IOException e) {
            // The connection is closed in any case; the peer reports that the stream is incomplete.
        }
    }

    private static void removeShutdownHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending, and the hook is at work.
        }
    }

    private Failure explained(Exception e) {
        if (e instanceof StreamAbortedException abort) {
            if (abort.isByPeer()) {
                String reason = abort.reason().isEmpty() ? "no reason given" : Errors.oneLine(abort.reason());
                return new Failure(
                        "the peer aborted the transfer: " + reason + " (code " + abort.code() + "); "
                                + whatIsIncomplete(),
                        e);
            }
            return abort.code() == StreamAbortedException.PROTOCOL_ERROR
                    ? new Failure(
                            "the peer does not follow the stream layer: " + Errors.oneLine(abort.reason())
                                    + "; it must be secure-session, or a program that uses SecureStream",
                            e)
                    : new Failure(Errors.oneLine(abort.reason()), e);
        }
        if (e instanceof EOFException) {
            return new Failure(Errors.sentence(e), e);
        }
        return new Failure("the connection failed: " + Errors.sentence(e) + "; " + whatIsIncomplete(), e);
    }

    private String whatIsIncomplete() {
        return received ? "what was sent may be incomplete there" : "what has arrived is incomplete";
    }

    private static final int CHUNK_LENGTH = 128 * 1024;
}
