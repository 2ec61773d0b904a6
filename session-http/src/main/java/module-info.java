/** Secure Session over HTTP, for servers and clients of the JDK and for servers on Netty; a WebSocket client of the JDK. */
module dev.securesession.http {
    requires transitive dev.securesession;
    requires transitive java.net.http;
    requires transitive jdk.httpserver;
    // For NettyHttpSessions only: programs without it run without Netty.
    requires static io.netty.buffer;
    requires static io.netty.codec;
    requires static io.netty.codec.http;
    requires static io.netty.common;
    requires static transitive io.netty.transport;
    requires static org.jspecify;

    exports dev.securesession.http;
}
