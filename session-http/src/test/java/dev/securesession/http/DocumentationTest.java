package dev.securesession.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.testkit.Pair;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of docs/http.md, which are the text between the comments here, at work. */
@Timeout(60)
class DocumentationTest {
    private static final Path PROJECT = Path.of("").toAbsolutePath();
    private static final Pattern BLOCK =
            Pattern.compile("(?:<!-- example: ([a-z-]+) -->\\n+)?```java\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern EXAMPLE =
            Pattern.compile("^( *)// example: ([a-z-]+)\\n(.*?)^ *// end$", Pattern.DOTALL | Pattern.MULTILINE);

    @Test
    void aClientAsksAServer() throws Exception {
        SessionConfig config = Pair.create().server();
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        // example: http-server
        HttpSessionHandler sessions = HttpSessionHandler.of(config, (peer, request) -> answer(peer, request));
        HttpServer server = HttpServer.create(address, 0);
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.createContext("/api", sessions);
        server.start();
        // end
        try {
            URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/api");
            assertThat(ask(uri, Pair.create().client(), Pair.SERVER_ID, "what?".getBytes(UTF_8)))
                    .isEqualTo("\"client\" asks what?");
        } finally {
            server.stop(0);
            sessions.close();
        }
    }

    @Test
    void aClientAsksAServerOnNetty() throws Exception {
        SessionConfig config = Pair.create().server();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        // example: http-netty
        ExecutorService executor = Executors.newFixedThreadPool(16);
        NettyHttpSessions sessions = NettyHttpSessions.of(config, (peer, request) -> answer(peer, request), executor);
        Channel server = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new HttpServerCodec(), sessions.newHandler("/api"));
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        // end
        try {
            int port = ((InetSocketAddress) server.localAddress()).getPort();
            URI uri = URI.create("http://127.0.0.1:" + port + "/api");
            assertThat(ask(uri, Pair.create().client(), Pair.SERVER_ID, "what?".getBytes(UTF_8)))
                    .isEqualTo("\"client\" asks what?");
        } finally {
            server.close().syncUninterruptibly();
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
            sessions.close();
            executor.shutdownNow();
        }
    }

    private static String ask(URI uri, SessionConfig config, PeerId serverId, byte[] question) throws Exception {
        // example: http-client
        try (HttpSessionClient client = HttpSessionClient.of(uri, config, serverId)) {
            byte[] answer = client.send(question);
            return new String(answer, UTF_8);
        } catch (RequestUncertainException lost) {
            return "the server may have acted, or not: " + lost.getMessage();
        }
        // end
    }

    private static byte[] answer(PeerId peer, byte[] request) {
        return (peer + " asks " + new String(request, UTF_8)).getBytes(UTF_8);
    }

    @Test
    void examplesOfThePageAreTheseHere() throws Exception {
        String source =
                Files.readString(PROJECT.resolve("src/test/java/dev/securesession/http/DocumentationTest.java"));
        Map<String, String> examples = new HashMap<>();
        Matcher example = EXAMPLE.matcher(source);
        while (example.find()) {
            int indent = example.group(1).length();
            examples.put(
                    example.group(2),
                    example.group(3)
                            .lines()
                            .map(line -> line.length() < indent ? line.strip() : line.substring(indent))
                            .collect(joining("\n")));
        }
        Map<String, String> blocks = new HashMap<>();
        Matcher block =
                BLOCK.matcher(Files.readString(PROJECT.resolveSibling("docs").resolve("http.md")));
        while (block.find()) {
            blocks.put(block.group(1), block.group(2).stripTrailing());
        }

        assertThat(examples).hasSize(3);
        assertThat(blocks).isEqualTo(examples);
    }
}
