/**
 * Secure Session in pure Java. Packages whose name contains {@code internal} are not exported, except to the modules of
 * this project, and may change in any release.
 */
@SuppressWarnings("module") // The modules that the last exports name are compiled after this one.
module dev.securesession {
    requires static org.jspecify;

    exports dev.securesession;
    exports dev.securesession.exchange;
    exports dev.securesession.store;
    exports dev.securesession.transport;
    exports dev.securesession.transport.datagram;
    exports dev.securesession.internal.base to
            dev.securesession.http,
            dev.securesession.netty,
            dev.securesession.tunnel;
    exports dev.securesession.internal.server to
            dev.securesession.http,
            dev.securesession.netty;
}
