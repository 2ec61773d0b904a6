package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every public type describes its instances, without secrets: {@link SecretsTest} looks for those. */
class PublicTypesTest {
    private static final Set<String> EXPORTED = Set.of(
            "dev.securesession",
            "dev.securesession.exchange",
            "dev.securesession.store",
            "dev.securesession.transport",
            "dev.securesession.transport.datagram");

    @Test
    void everyPublicTypeDescribesItself() throws Exception {
        Set<String> described = new TreeSet<>();
        Set<String> missing = new TreeSet<>();
        for (JavaClass type : new ClassFileImporter()
                .importUrl(SecureSession.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation())) {
            if (isPublic(type) && EXPORTED.contains(type.getPackageName()) && hasInstancesOfItsOwn(type)) {
                Class<?> describer = type.reflect().getMethod("toString").getDeclaringClass();
                (describer == Object.class ? missing : described).add(type.getName());
            }
        }
        assertThat(missing).as("public types without toString").isEmpty();
        assertThat(described)
                .contains(SecureSession.class.getName(), HandshakeStep.Reply.class.getName())
                .hasSizeGreaterThan(15);
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void descriptionsSayWhatPeopleWantToKnow() throws Exception {
        Sealer sealer = Sealer.withKey(new byte[] {1});
        assertThat(sealer).hasToString("sealer with a key");
        sealer.destroy();
        assertThat(sealer).hasToString("destroyed sealer with a key");
        assertThat(Sealer.withPassphrase(new char[] {'a'})).hasToString("sealer with a passphrase");
        IdentityPublicKey publicKey = TestKeys.pair(1).publicKey();
        assertThat(TestKeys.pair(1)).hasToString("key pair of " + publicKey);
        IdentityPrivateKey privateKey =
                IdentityPrivateKey.decode(TestKeys.pair(1).privateKey().encodeSecret());
        assertThat(privateKey).hasToString("private key of " + publicKey);
        privateKey.destroy();
        assertThat(privateKey).hasToString("destroyed private key of " + publicKey);
        try (Pair.Exchange handshake = Pair.create().begin()) {
            handshake.message3();
            EarlyData early = handshake.client().earlyData().orElseThrow();
            SecureSession session = handshake.serverSession();
            String id = session.toString().split(" ", -1)[1];
            assertThat(early).hasToString("early data of session " + id);
        }
    }

    private static boolean isPublic(JavaClass type) {
        return type.getModifiers().contains(JavaModifier.PUBLIC)
                && type.getEnclosingClass().map(PublicTypesTest::isPublic).orElse(true);
    }

    /** Exceptions and enums describe themselves; interfaces and classes that no one makes have nothing to describe. */
    private static boolean hasInstancesOfItsOwn(JavaClass type) {
        return !type.isInterface()
                && !type.isEnum()
                && !type.isAssignableTo(Throwable.class)
                && type.getMethods().stream().anyMatch(method -> !isStatic(method));
    }

    private static boolean isStatic(JavaMethod method) {
        return method.getModifiers().contains(JavaModifier.STATIC);
    }
}
