/** Secure sessions in Netty pipelines. */
module dev.securesession.netty {
    requires transitive dev.securesession;
    requires transitive io.netty.buffer;
    requires transitive io.netty.common;
    requires transitive io.netty.transport;
    requires io.netty.codec;
    requires static io.netty.codec.http;
    requires static org.jspecify;

    exports dev.securesession.netty;
}
