/** A tunnel for any TCP or Unix-socket service. */
module dev.securesession.tunnel {
    requires transitive dev.securesession;
    requires dev.securesession.netty;
    requires io.netty.buffer;
    requires io.netty.codec.haproxy;
    requires io.netty.common;
    requires io.netty.transport;
    requires static org.jspecify;

    exports dev.securesession.tunnel;
}
