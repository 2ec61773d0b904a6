/**
 * The classes of the Java library over JNI, on top of Secure Session in pure Java.
 */
module dev.securesession.compat {
    requires transitive dev.securesession;
    requires static org.bouncycastle.provider;
    requires static org.jspecify;

    exports com.cossacklabs.themis;
    exports dev.securesession.compat;
}
