/**
 * Secure Session in pure Java. Packages whose name contains {@code internal} are not exported and may change in any
 * release.
 */
module dev.securesession {
    requires static org.jspecify;

    exports dev.securesession;
    exports dev.securesession.exchange;
    exports dev.securesession.store;
    exports dev.securesession.transport;
    exports dev.securesession.transport.datagram;
}
