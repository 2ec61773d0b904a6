package dev.securesession.examples.chat;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The page, the public key of the server, and the door at which people leave theirs. One answer for each connection. */
final class Pages extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Map<String, String> TYPES = Map.of(
            "index.html", "text/html; charset=utf-8",
            "main.js", "text/javascript; charset=utf-8",
            "style.css", "text/css; charset=utf-8",
            "icon.svg", "image/svg+xml",
            "libthemis.wasm", "application/wasm");

    private final Path folder;
    private final LocalIdentity identity;
    private final Room room;

    Pages(Path folder, LocalIdentity identity, Room room) {
        this.folder = folder;
        this.identity = identity;
        this.room = room;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) throws IOException {
        QueryStringDecoder address = new QueryStringDecoder(request.uri());
        String file = address.path().equals("/") ? "index.html" : address.path().substring(1);
        if (request.method().equals(HttpMethod.POST) && file.equals("join")) {
            join(ctx, address.parameters().getOrDefault("name", List.of("")).get(0), request);
        } else if (file.equals("server-key")) {
            answer(
                    ctx,
                    HttpResponseStatus.OK,
                    "application/octet-stream",
                    identity.publicKey().encode());
        } else if (TYPES.containsKey(file)) {
            answer(ctx, HttpResponseStatus.OK, TYPES.get(file), Files.readAllBytes(folder.resolve(file)));
        } else {
            say(ctx, HttpResponseStatus.NOT_FOUND, "There is no such page.");
        }
    }

    /** The first key for a name is taken on trust; from then on the name belongs to it. */
    private void join(ChannelHandlerContext ctx, String name, FullHttpRequest request) {
        if (name.isBlank() || name.length() > 32) {
            say(ctx, HttpResponseStatus.BAD_REQUEST, "A name has 1 to 32 characters.");
            return;
        }
        try {
            IdentityPublicKey key = IdentityPublicKey.decode(ByteBufUtil.getBytes(request.content()));
            if (room.register(PeerId.ofUtf8(name), key)) {
                say(ctx, HttpResponseStatus.OK, "welcome");
            } else {
                say(ctx, HttpResponseStatus.CONFLICT, "That name belongs to another key.");
            }
        } catch (KeyRejectedException e) {
            say(ctx, HttpResponseStatus.BAD_REQUEST, "That is no public key: " + e.getMessage());
        }
    }

    private static void say(ChannelHandlerContext ctx, HttpResponseStatus status, String text) {
        answer(ctx, status, "text/plain; charset=utf-8", text.getBytes(UTF_8));
    }

    private static void answer(ChannelHandlerContext ctx, HttpResponseStatus status, String type, byte[] content) {
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(content));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, type)
                .set(HttpHeaderNames.CONTENT_LENGTH, content.length)
                .set(HttpHeaderNames.CONNECTION, "close")
                .set(HttpHeaderNames.CACHE_CONTROL, "no-cache")
                .set("X-Content-Type-Options", "nosniff")
                .set(
                        HttpHeaderNames.CONTENT_SECURITY_POLICY,
                        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline';"
                                + " img-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'");
        ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }
}
