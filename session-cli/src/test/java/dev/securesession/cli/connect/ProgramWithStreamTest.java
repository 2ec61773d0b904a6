package dev.securesession.cli.connect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.PeerId;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import dev.securesession.transport.StreamAbortedException;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A Java program with {@link SecureStream} at the other end of {@code listen} and of {@code connect}. */
@Timeout(120)
class ProgramWithStreamTest extends CommandProcesses {
    private static final Path UNREADABLE = Path.of("/proc/self/mem");
    private static final Path FULL = Path.of("/dev/full");

    /** The command that the program talks to. */
    enum Command {
        LISTEN,
        CONNECT
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void exchangesFilesAndBothEndsEnd(Command kind) throws Exception {
        Path sent = randomFile("sent", 1_000_000);
        byte[] own = new byte[700_000];
        Arrays.fill(own, (byte) 7);
        try (Meeting meeting = meet(kind, sent)) {
            Thread writer = new Thread(() -> {
                try {
                    meeting.stream.output().write(own);
                    meeting.stream.shutdownOutput();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            writer.start();
            assertThat(meeting.stream.input().readAllBytes()).isEqualTo(Files.readAllBytes(sent));
            writer.join();
            meeting.stream.acknowledge();
            meeting.stream.awaitAcknowledgement();

            assertThat(meeting.command.status()).as(meeting.command.errors()).isZero();
            assertThat(meeting.command.out()).hasBinaryContent(own);
        }
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void answersAfterTheEndOfItsPeer(Command kind) throws Exception {
        try (Meeting meeting = meet(kind, randomFile("sent", 5))) {
            assertThat(meeting.stream.input().readAllBytes()).hasSize(5);
            meeting.stream.acknowledge();

            meeting.stream.output().write("afterwards".getBytes(UTF_8));
            meeting.stream.shutdownOutput();

            assertThat(meeting.command.status()).as(meeting.command.errors()).isZero();
            assertThat(meeting.command.out()).hasContent("afterwards");
        }
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void isAnsweredAfterItsOwnEnd(Command kind) throws Exception {
        try (Meeting meeting = meet(kind, null)) {
            meeting.stream.output().write("question".getBytes(UTF_8));
            meeting.stream.shutdownOutput();
            meeting.command.awaitOutput(8);

            meeting.command.process().getOutputStream().write("answer".getBytes(UTF_8));
            meeting.command.process().getOutputStream().close();

            assertThat(meeting.stream.input().readAllBytes()).asString(UTF_8).isEqualTo("answer");
            meeting.stream.acknowledge();
            assertThat(meeting.command.status()).as(meeting.command.errors()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void abortOfTheProgramIsReportedWithItsReason(Command kind) throws Exception {
        try (Meeting meeting = meet(kind, null)) {
            meeting.stream.output().write("hi".getBytes(UTF_8));
            meeting.command.awaitOutput(2);

            meeting.stream.abort(300, "the disk is full");

            assertThat(meeting.command.status()).isEqualTo(1);
            assertThat(meeting.command.out()).hasContent("hi");
            assertThat(meeting.command.errors())
                    .contains(
                            "the peer aborted the transfer: the disk is full (code 300); what has arrived is incomplete");
        }
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void connectionWithoutAnEndIsReportedAsIncomplete(Command kind) throws Exception {
        try (Meeting meeting = meet(kind, null)) {
            meeting.stream.output().write("hi".getBytes(UTF_8));
            meeting.command.awaitOutput(2);

            meeting.stream.connection().close();

            assertThat(meeting.command.status()).isEqualTo(1);
            assertThat(meeting.command.errors())
                    .contains("the connection ended before the peer ended the stream; it is incomplete");
        }
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void plainMessagesAreRefusedWithAHint(Command kind) throws Exception {
        try (Meeting meeting = meet(kind, null)) {
            meeting.stream.connection().send("hello".getBytes(UTF_8));

            assertThat(meeting.command.status()).isEqualTo(1);
            assertThat(meeting.command.errors()).contains("the peer does not follow the stream layer");
            assertThatThrownBy(() -> meeting.stream.input().read())
                    .isInstanceOfSatisfying(
                            StreamAbortedException.class,
                            abort -> assertThat(abort.code()).isEqualTo(StreamAbortedException.PROTOCOL_ERROR));
        }
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void inputThatCannotBeReadArrivesAsAnAbort(Command kind) throws Exception {
        skipUnlessThereIs(UNREADABLE, "a file that opens but cannot be read, as Linux has one");
        try (Meeting meeting = meet(kind, UNREADABLE)) {
            assertThatThrownBy(() -> meeting.stream.input().read())
                    .isInstanceOfSatisfying(StreamAbortedException.class, abort -> {
                        assertThat(abort.code()).isEqualTo(Duplex.INPUT_FAILED);
                        assertThat(abort.reason()).startsWith("cannot read standard input: ");
                    });
            assertThat(meeting.command.status()).isEqualTo(1);
            assertThat(meeting.command.errors()).contains("cannot read standard input: ");
        }
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void outputThatCannotBeWrittenArrivesAsAnAbort(Command kind) throws Exception {
        skipUnlessThereIs(FULL, "a device that takes no bytes, as Linux has one");
        output = FULL;
        try (Meeting meeting = meet(kind, null)) {
            meeting.stream.output().write("hi".getBytes(UTF_8));

            assertThatThrownBy(() -> meeting.stream.input().read())
                    .isInstanceOfSatisfying(StreamAbortedException.class, abort -> {
                        assertThat(abort.code()).isEqualTo(Duplex.OUTPUT_FAILED);
                        assertThat(abort.reason()).startsWith("cannot write to standard output: ");
                    });
            assertThat(meeting.command.status()).isEqualTo(1);
            assertThat(meeting.command.errors()).contains("cannot write to standard output: ");
        }
    }

    /** Both directions have ended when the command finds that it cannot write. */
    @ParameterizedTest
    @EnumSource(Command.class)
    void outputThatCannotBeWrittenAfterBothEndsIsAnAbortToo(Command kind) throws Exception {
        skipUnlessThereIs(FULL, "a device that takes no bytes, as Linux has one");
        output = FULL;
        try (Meeting meeting = meet(kind, randomFile("nothing", 0))) {
            assertThat(meeting.stream.input().read()).isEqualTo(-1);
            meeting.stream.acknowledge();
            meeting.stream.output().write("hi".getBytes(UTF_8));
            meeting.stream.shutdownOutput();

            assertThatThrownBy(() -> meeting.stream.awaitAcknowledgement())
                    .isInstanceOfSatisfying(
                            StreamAbortedException.class,
                            abort -> assertThat(abort.code()).isEqualTo(Duplex.OUTPUT_FAILED));
            assertThat(meeting.command.status()).isEqualTo(1);
            assertThat(meeting.command.errors()).contains("cannot write to standard output: ");
        }
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void abortOfTheProgramAfterBothEndsIsReported(Command kind) throws Exception {
        try (Meeting meeting = meet(kind, randomFile("sent", 5))) {
            meeting.stream.shutdownOutput();
            assertThat(meeting.stream.input().readAllBytes()).hasSize(5);
            meeting.stream.abort(300, "the disk is full");

            assertThat(meeting.command.status()).isEqualTo(1);
            assertThat(meeting.command.errors())
                    .contains("the disk is full (code 300); what was sent may be incomplete there");
        }
    }

    /** The end of standard input is open: the command learns of the failure without it. */
    @ParameterizedTest
    @EnumSource(Command.class)
    void abortOfTheProgramIsReportedWhileStandardInputIsOpen(Command kind) throws Exception {
        try (Meeting meeting = meet(kind, null)) {
            meeting.stream.shutdownOutput();
            meeting.stream.abort(300, "changed my mind");

            assertThat(meeting.command.status()).isEqualTo(1);
            assertThat(meeting.command.errors()).contains("changed my mind (code 300)");
        }
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void programThatAcknowledgesNothingIsReported(Command kind) throws Exception {
        for (boolean closes : new boolean[] {true, false}) {
            try (Meeting meeting = meet(kind, randomFile("sent", 5))) {
                meeting.stream.shutdownOutput();
                assertThat(meeting.stream.input().readAllBytes()).hasSize(5);
                if (closes) {
                    meeting.stream.close();
                } else {
                    meeting.stream.connection().close();
                }

                assertThat(meeting.command.status()).isEqualTo(1);
                assertThat(meeting.command.errors())
                        .contains(
                                closes
                                        ? "the stream was closed before it was complete (code 2)"
                                        : "the connection ended before the peer acknowledged what was sent to it");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void terminatedProcessAborts(Command kind) throws Exception {
        try (Meeting meeting = meet(kind, null)) {
            meeting.stream.output().write("hi".getBytes(UTF_8));
            meeting.command.awaitOutput(2);

            // Unlike Process.destroy, this does not close standard input, which would be an end.
            meeting.command.process().toHandle().destroy();

            assertThatThrownBy(() -> meeting.stream.input().read())
                    .isInstanceOfSatisfying(StreamAbortedException.class, abort -> {
                        assertThat(abort.code()).isEqualTo(Duplex.TERMINATED);
                        assertThat(abort.reason()).isEqualTo("the process was terminated");
                    });
            assertThat(meeting.command.status()).isNotZero();
        }
    }

    @Test
    void killedProcessIsNeverACompleteStream() throws Exception {
        try (Meeting meeting = meet(Command.CONNECT, null)) {
            meeting.stream.output().write("hi".getBytes(UTF_8));
            meeting.command.awaitOutput(2);

            meeting.command.process().destroyForcibly();

            assertThatThrownBy(() -> meeting.stream.input().read()).isInstanceOf(EOFException.class);
        }
    }

    private static void skipUnlessThereIs(Path file, String what) {
        boolean present = Files.exists(file);
        if (!present) {
            System.out.println("ProgramWithStreamTest: a test is skipped, for it needs " + what + ": " + file);
        }
        assumeTrue(present, what);
    }

    /** Starts the command with an input, or with one that the test writes, and connects a stream to it. */
    private Meeting meet(Command kind, @Nullable Path input) throws Exception {
        if (kind == Command.LISTEN) {
            Running listener = listen(input, "alice");
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.port());
            return new Meeting(
                    listener,
                    SecureStream.over(SecureConnection.connect(socket, config("alice", "bob"), PeerId.ofUtf8("bob"))));
        }
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Running connector = connect(server.getLocalPort(), input, "alice");
            return new Meeting(
                    connector, SecureStream.over(SecureConnection.accept(server.accept(), config("bob", "alice"))));
        }
    }

    private record Meeting(Running command, SecureStream stream) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            stream.close();
        }
    }
}
