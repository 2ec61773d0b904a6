package dev.securesession.cli.connect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The Java examples of docs/command.md, run with the command. */
@Timeout(120)
class DocumentationTest extends CommandProcesses {
    @Test
    void clientOfListen() throws Exception {
        Running listener = listen(Files.writeString(directory.resolve("answer"), "forty-two"), "alice");
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.port());

        byte[] answer = ask(socket, config("alice", "bob"), "what is it?".getBytes(UTF_8));

        assertThat(answer).asString(UTF_8).isEqualTo("forty-two");
        assertThat(listener.status()).as(listener.errors()).isZero();
        assertThat(listener.out()).hasContent("what is it?");
    }

    @Test
    void serverForConnect() throws Exception {
        try (ServerSocket serverSocket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Path question = Files.writeString(directory.resolve("question"), "what is it?");
            Running asking = connect(serverSocket.getLocalPort(), question, "alice");
            serve(serverSocket.accept(), config("bob", "alice"));
            assertThat(asking.status()).as(asking.errors()).isZero();
            assertThat(asking.out()).hasContent("11 bytes");

            Running silent = connect(serverSocket.getLocalPort(), randomFile("nothing", 0), "alice");
            serve(serverSocket.accept(), config("bob", "alice"));
            assertThat(silent.status()).isEqualTo(1);
            assertThat(silent.errors()).contains("an empty question (code 300)");
        }
    }

    private static byte[] ask(Socket socket, SessionConfig config, byte[] question) throws Exception {
        // example: client-of-listen
        try (SecureStream stream = SecureStream.over(SecureConnection.connect(socket, config, PeerId.ofUtf8("bob")))) {
            stream.output().write(question);
            stream.shutdownOutput(); // the end of standard output of listen
            byte[] answer = stream.input().readAllBytes(); // until standard input of listen has ended
            stream.acknowledge(); // listen exits with status 0 only if it knows that we have the answer
            stream.awaitAcknowledgement(); // listen has written the question
            return answer;
        }
        // end
    }

    private static void serve(Socket socket, SessionConfig config) throws Exception {
        // example: server-for-connect
        try (SecureStream stream = SecureStream.over(SecureConnection.accept(socket, config))) {
            byte[] question = stream.input().readAllBytes(); // until standard input of connect has ended
            if (question.length == 0) {
                stream.abort(300, "an empty question"); // connect prints the reason and exits with status 1
                return;
            }
            stream.acknowledge(); // we have the question
            stream.output().write(answerTo(question));
            stream.shutdownOutput();
            stream.awaitAcknowledgement(); // connect has written the answer
        }
        // end
    }

    private static byte[] answerTo(byte[] question) {
        return (question.length + " bytes").getBytes(UTF_8);
    }
}
