package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.rules.Rule;
import dev.securesession.testkit.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An identity in a PKCS#11 token, which SoftHSM2 stands in for. */
class Pkcs11IdentityTest {
    private static final String PIN = "1234";
    private static final String DONE = "handshake done with the token";

    /** Where distributions put the library. */
    private static final List<String> LIBRARIES = List.of(
            "/usr/lib/softhsm/libsofthsm2.so",
            "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
            "/usr/lib64/pkcs11/libsofthsm2.so",
            "/usr/lib64/softhsm/libsofthsm2.so",
            "/usr/local/lib/softhsm/libsofthsm2.so",
            "/opt/homebrew/lib/softhsm/libsofthsm2.so");

    @TempDir
    private Path directory;

    /** In a JVM of its own: SoftHSM finds its configuration through the environment only. */
    @Test
    @Rule(value = "C-3", kind = ACCEPTS)
    void handshakesWithAKeyInAToken() throws Exception {
        String library = LIBRARIES.stream()
                .filter(path -> Files.exists(Path.of(path)))
                .findFirst()
                .orElse("");
        if (library.isEmpty()) {
            System.out.println("Pkcs11IdentityTest: skipped, softhsm2 is not installed in any of " + LIBRARIES);
        }
        assumeTrue(!library.isEmpty(), "softhsm2 is not installed");
        Path tokens = Files.createDirectory(directory.resolve("tokens"));
        Path hsm = Files.writeString(
                directory.resolve("softhsm2.conf"),
                "directories.tokendir = " + tokens + "\nobjectstore.backend = file\nslots.removable = false\n");
        Path pkcs11 = Files.writeString(
                directory.resolve("pkcs11.cfg"), "name = SoftHSM\nlibrary = " + library + "\nslotListIndex = 0\n");

        run(hsm, "softhsm2-util", "--init-token", "--free", "--label", "test", "--pin", PIN, "--so-pin", "5678");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String output = run(
                hsm,
                java,
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Pkcs11IdentityTest.class.getName(),
                pkcs11.toString());

        assertThat(output).contains(DONE + " on P256").contains(DONE + " on P384");
    }

    private String run(Path configuration, String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory, "output", "");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("SOFTHSM2_CONF", configuration.toString());
        Process process = builder.start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS))
                    .as("%s ends", command[0])
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        String text = Files.readString(output);
        assertThat(process.exitValue()).as("%s: %s", command[0], text).isZero();
        return text;
    }

    /** What the other JVM does: makes keys in the token and performs handshakes with them in both roles. */
    public static void main(String[] arguments) throws Exception {
        Provider token = Security.getProvider("SunPKCS11").configure(arguments[0]);
        Security.addProvider(token);
        KeyStore store = KeyStore.getInstance("PKCS11", token);
        store.load(null, PIN.toCharArray());
        for (Curve curve : List.of(Curve.P256, Curve.P384)) {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", token);
            generator.initialize(new ECGenParameterSpec(curve == Curve.P256 ? "secp256r1" : "secp384r1"));
            KeyPair pair = generator.generateKeyPair();
            if (pair.getPrivate() instanceof ECPrivateKey) {
                throw new AssertionError("the token gives its key away");
            }
            PeerId id = PeerId.ofUtf8("token");
            LocalIdentity identity = LocalIdentity.of(id, pair.getPrivate(), IdentityPublicKey.ofJca(pair.getPublic()));
            PeerId peerId = PeerId.ofUtf8("peer");
            SessionConfig own = SessionConfig.of(
                    identity, PeerDirectory.of(peerId, TestKeys.pair(1).publicKey()));
            SessionConfig peer = SessionConfig.of(
                    LocalIdentity.of(peerId, TestKeys.pair(1).privateKey()),
                    PeerDirectory.of(id, identity.publicKey()));
            Stream.of(List.of(own, peer), List.of(peer, own)).forEach(Pkcs11IdentityTest::handshake);
            System.out.println(DONE + " on " + curve);
        }
    }

    private static void handshake(List<SessionConfig> configurations) {
        try (Handshake client = Handshake.clientAcceptingAnyKnownPeer(configurations.get(0));
                Handshake server = Handshake.server(configurations.get(1))) {
            byte[] message2 = server.receive(client.start()).message().orElseThrow();
            byte[] message3 = client.receive(message2).message().orElseThrow();
            HandshakeStep.Established atServer = (HandshakeStep.Established) server.receive(message3);
            HandshakeStep.Established atClient = (HandshakeStep.Established)
                    client.receive(atServer.message().orElseThrow());
            byte[] payload = atServer.session().unwrap(atClient.session().wrap(new byte[] {5}));
            if (payload.length != 1 || payload[0] != 5) {
                throw new AssertionError("another payload arrived");
            }
        } catch (SecureSessionException e) {
            throw new IllegalStateException(e);
        }
    }
}
