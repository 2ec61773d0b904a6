/** Secure Session over HTTP, for servers and clients of the JDK. */
module dev.securesession.http {
    requires transitive dev.securesession;
    requires transitive java.net.http;
    requires transitive jdk.httpserver;
    requires static org.jspecify;

    exports dev.securesession.http;
}
