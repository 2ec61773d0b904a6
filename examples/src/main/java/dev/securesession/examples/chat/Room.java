package dev.securesession.examples.chat;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.IdentityPublicKey;
import dev.securesession.PeerId;
import dev.securesession.netty.HandshakeCompletion;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.io.EOFException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** The people of the chat: their keys, who is here, and what they say. */
final class Room {
    private static final int MAX_PEOPLE = 1000;

    private final Map<PeerId, IdentityPublicKey> keys = new ConcurrentHashMap<>();

    // Used on the one event loop of the server only. Somebody may be here with several browser tabs.
    private final Map<Channel, PeerId> present = new LinkedHashMap<>();

    /** Takes the first key for a name; tells whether the name belongs to this key. */
    boolean register(PeerId name, IdentityPublicKey key) {
        if (keys.size() >= MAX_PEOPLE && !keys.containsKey(name)) {
            return false;
        }
        IdentityPublicKey before = keys.putIfAbsent(name, key);
        return before == null || before.fingerprint().equals(key.fingerprint());
    }

    List<IdentityPublicKey> keysOf(PeerId name) {
        IdentityPublicKey key = keys.get(name);
        return key == null ? List.of() : List.of(key);
    }

    Visitor newVisitor() {
        return new Visitor();
    }

    private void tellPeople() {
        String people = present.values().stream()
                .distinct()
                .map(name -> "{\"name\":" + quoted(name(name)) + ",\"fingerprint\":"
                        + quoted(keysOf(name).get(0).fingerprint()) + "}")
                .collect(Collectors.joining(",", "{\"type\":\"people\",\"people\":[", "]}"));
        tell(people);
    }

    private void tell(String json) {
        for (Channel channel : present.keySet()) {
            channel.writeAndFlush(Unpooled.copiedBuffer(json, UTF_8));
        }
    }

    private static String name(PeerId peer) {
        return new String(peer.toBytes(), UTF_8);
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        text.chars().forEach(character -> {
            boolean plain = character >= ' ' && character != '"' && character != '\\';
            json.append(plain ? String.valueOf((char) character) : String.format("\\u%04x", character));
        });
        return json.append('"').toString();
    }

    /** One browser tab. Everything that arrives here was authenticated by the session in front of it. */
    final class Visitor extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof HandshakeCompletion completion
                    && completion.session().isPresent()) {
                PeerId name = completion.session().get().peer();
                boolean isNew = !present.containsValue(name);
                present.put(ctx.channel(), name);
                tellPeople();
                if (isNew) {
                    tell("{\"type\":\"note\",\"text\":" + quoted(name(name) + " has joined") + "}");
                }
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf message) {
            PeerId from = present.get(ctx.channel());
            if (from != null) {
                tell("{\"type\":\"message\",\"from\":" + quoted(name(from)) + ",\"at\":" + System.currentTimeMillis()
                        + ",\"text\":" + quoted(message.toString(UTF_8)) + "}");
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            PeerId gone = present.remove(ctx.channel());
            if (gone != null && !present.containsValue(gone)) {
                tellPeople();
                tell("{\"type\":\"note\",\"text\":" + quoted(name(gone) + " has left") + "}");
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (!(cause instanceof EOFException)) { // Connections for pages end without a handshake.
                System.out.println(ctx.channel().remoteAddress() + ": " + cause.getMessage());
            }
            ctx.close();
        }
    }
}
