package dev.securesession.testsupport;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.SessionConfig;
import java.io.IOException;
import java.util.Base64;
import java.util.function.Supplier;

/** What the main method of an {@link AttackedServer} does, in its own process. */
public final class AttackedProgram {
    private AttackedProgram() {}

    /** Returns the configuration of the server, from the arguments of the program. */
    public static SessionConfig config(String[] arguments) throws Exception {
        return SessionConfig.of(
                LocalIdentity.of(AttackedServer.SERVER, IdentityPrivateKey.decode(bytes(arguments[0]))),
                PeerDirectory.of(AttackedServer.CLIENT, IdentityPublicKey.decode(bytes(arguments[1]))));
    }

    private static byte[] bytes(String argument) {
        return Base64.getDecoder().decode(argument);
    }

    /** Tells the test the port, and the counters when it asks; returns when the test has ended. */
    public static void report(int port, Supplier<?> counters) throws IOException {
        System.out.println(port);
        while (System.in.read() >= 0) {
            System.out.println(counters.get());
        }
    }
}
