package dev.securesession.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.Cli;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class BenchTest {
    private static final String NUMBER = "\\d+\\.\\d";
    private static final String TIMES = "\\{\"p50\":(" + NUMBER + "),\"p90\":" + NUMBER + ",\"p99\":(" + NUMBER
            + "),\"p999\":" + NUMBER + ",\"max\":(" + NUMBER + ")\\}";
    private static final Pattern JSON =
            Pattern.compile("\\{\"subject\":\"([^\"]+)\",\"environment\":\"[^\"]+\",\"connections\":(\\d+),"
                    + "\"size\":(\\d+),\"newConnectionsPerSecond\":(" + NUMBER + "),\"roundTripsPerSecond\":(" + NUMBER
                    + "),\"bytesPerSecond\":(" + NUMBER + "),\"newConnectionMicros\":" + TIMES + ",\"roundTripMicros\":"
                    + TIMES
                    + "\\}\\n");

    @Test
    void tableShowsRatesPercentilesAndChart() {
        Cli.Result result = new Cli().run("bench", "--seconds", "1").succeeded();

        assertThat(result.out())
                .startsWith("a direct session over loopback")
                .contains("1 connection; EC ")
                .containsPattern("(?m)^new connections +[1-9][0-9,]* /s$")
                .containsPattern("(?m)^round trips of 64 bytes +[1-9][0-9,]* /s$")
                .containsPattern("(?m)^throughput, each direction +[0-9.]+ [kMG]?B/s$")
                .containsPattern("(?m)^time +median +90 % +99 % +99.9 % +longest$")
                .containsPattern("(?m)^new connection( +[0-9.]+ (us|ms|s)){5}$")
                .containsPattern("(?m)^round trip( +[0-9.]+ (us|ms|s)){5}$")
                .containsPattern("(?m)^ +[0-9.]+ (us|ms|s) to +[0-9.]+ (us|ms|s) +[0-9.]+ % #+$");
        assertThat(result.err().lines())
                .containsExactly(
                        "warming up: new connections",
                        "measuring:  new connections",
                        "warming up: round trips",
                        "measuring:  round trips",
                        "warming up: throughput",
                        "measuring:  throughput");
    }

    @Test
    void jsonHoldsTheSameFigures() {
        Cli.Result result = new Cli()
                .run("bench", "--seconds", "1", "--connections", 2, "--size", 1000, "--json", "--quiet")
                .succeeded();

        assertThat(result.err()).isEmpty();
        Matcher json = JSON.matcher(result.out());
        assertThat(json.matches()).as(result.out()).isTrue();
        assertThat(json.group(2)).isEqualTo("2");
        assertThat(json.group(3)).isEqualTo("1000");
        for (int rate = 4; rate <= 6; rate++) {
            assertThat(Double.parseDouble(json.group(rate))).isPositive();
        }
        for (int median : new int[] {7, 10}) {
            assertThat(Double.parseDouble(json.group(median)))
                    .isPositive()
                    .isLessThanOrEqualTo(Double.parseDouble(json.group(median + 1)));
            assertThat(Double.parseDouble(json.group(median + 1)))
                    .isLessThanOrEqualTo(Double.parseDouble(json.group(median + 2)));
        }
    }

    @Test
    void measuresAnyServiceThatSendsBackWhatItReceives() throws IOException {
        try (EchoService service = EchoService.start()) {
            String address = "127.0.0.1:" + service.address().getPort();

            Cli.Result result = new Cli()
                    .run("bench", "--connect", address, "--seconds", "0.3", "--json", "-q")
                    .succeeded();

            Matcher json = JSON.matcher(result.out());
            assertThat(json.matches()).as(result.out()).isTrue();
            assertThat(json.group(1)).isEqualTo("plain connections to " + address);
        }
    }

    @Test
    void measuresTunnelOfItsOwn() {
        Cli.Result result = new Cli()
                .run("bench", "--tunnel", "--seconds", "1", "--connections", 2, "--json", "-q")
                .succeeded();

        Matcher json = JSON.matcher(result.out());
        assertThat(json.matches()).as(result.out()).isTrue();
        assertThat(json.group(1)).startsWith("a tunnel over loopback");
        for (int rate = 4; rate <= 6; rate++) {
            assertThat(Double.parseDouble(json.group(rate))).isPositive();
        }
        new Cli().run("bench", "--tunnel", "--connect", "127.0.0.1:1").failed(2, "--tunnel", "leave out --connect");
    }

    @Test
    void refusesServiceThatAnswersSomethingElse() throws Exception {
        try (ServerSocket serverSocket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread service = new Thread(() -> answerWrongly(serverSocket));
            service.start();

            new Cli()
                    .run("bench", "--connect", "127.0.0.1:" + serverSocket.getLocalPort(), "--seconds", "30", "-q")
                    .failed(1, "new connections", "the answer differs from what was sent");
            service.join();
        }
    }

    @Test
    void refusesServiceThatEndsTheConnection() throws Exception {
        try (ServerSocket serverSocket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread service = new Thread(() -> endAtOnce(serverSocket));
            service.start();

            new Cli()
                    .run("bench", "--connect", "127.0.0.1:" + serverSocket.getLocalPort(), "--seconds", "30", "-q")
                    .failed(1, "ended the connection before the answer was complete");
            service.join();
        }
    }

    @Test
    void saysThatNobodyListens() throws IOException {
        int port;
        try (ServerSocket serverSocket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = serverSocket.getLocalPort();
        }

        new Cli().run("bench", "--connect", "127.0.0.1:" + port, "-q").failed(1, "cannot connect to 127.0.0.1:" + port);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--seconds 0",
                "--seconds NaN",
                "--seconds 4000",
                "--connections 0",
                "--connections 1001",
                "--size 0",
                "--size 1048577",
                "--connect host",
                "--connect :1",
                "--connect host:x"
            })
    void refusesValuesOutOfRange(String arguments) {
        String[] words = arguments.split(" ", -1);

        new Cli().run("bench", words[0], words[1]).failed(2, words[0] + ": ");
    }

    private static void answerWrongly(ServerSocket serverSocket) {
        try (Socket socket = serverSocket.accept()) {
            int asked = socket.getInputStream().read();
            socket.getOutputStream().write(asked + 1);
            drain(socket);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void endAtOnce(ServerSocket serverSocket) {
        try (Socket socket = serverSocket.accept()) {
            socket.shutdownOutput();
            drain(socket);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until the other side has read the answer and closed. */
    private static void drain(Socket socket) throws IOException {
        try (InputStream in = socket.getInputStream()) {
            in.readAllBytes();
        }
    }
}
