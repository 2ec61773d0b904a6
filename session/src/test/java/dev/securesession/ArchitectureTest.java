package dev.securesession;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.targetOwner;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.domain.JavaFieldAccess.AccessType;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures;
import dev.securesession.internal.crypto.CipherWarmUp;
import dev.securesession.rules.Rule;
import java.io.Serializable;
import java.net.URL;
import java.nio.ByteBuffer;
import java.security.Key;
import java.time.Clock;
import java.util.Arrays;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** Which part of the library may know which, and what none of them may touch. */
class ArchitectureTest {
    private static final String CORE = "dev.securesession";
    private static final String INTERNAL = "dev.securesession.internal..";

    private static final JavaClasses LIBRARY = new ClassFileImporter().importUrl(locationOf(SecureSession.class));

    /** The words that the whole library shares. */
    private static final DescribedPredicate<JavaClass> VOCABULARY =
            belongToAnyOf(Curve.class, Role.class, PeerId.class, Delivery.class).or(assignableTo(Throwable.class));

    /** What the JDK offers that is a clock, a socket, a file, a thread or a global. */
    private static final DescribedPredicate<JavaClass> OUTSIDE_WORLD = resideInAnyPackage(
                    "java.net..", "java.nio.file..", "java.nio.channels..", "java.util.concurrent")
            .or(belongToAnyOf(Thread.class, ThreadLocal.class, Runtime.class, Process.class, ProcessBuilder.class))
            .or(resideInAPackage("java.io..").and(not(assignableTo(Serializable.class))))
            .as("sockets, streams, files, channels, threads or executors");

    @Test
    void layersKnowOnlyThoseBelow() {
        Architectures.layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("crypto")
                .definedBy("dev.securesession.internal.crypto")
                .layer("codec")
                .definedBy("dev.securesession.internal.codec")
                .layer("keys")
                .definedBy("dev.securesession.internal.keys")
                .layer("wire")
                .definedBy("dev.securesession.internal.wire")
                .layer("state")
                .definedBy("dev.securesession.internal.state")
                .layer("message")
                .definedBy("dev.securesession.internal.message")
                .layer("handshake")
                .definedBy("dev.securesession.internal.handshake")
                .layer("api")
                .definedBy(CORE)
                .optionalLayer("transport")
                .definedBy("dev.securesession.transport..")
                .layer("exchange")
                .definedBy("dev.securesession.exchange")
                .layer("store")
                .definedBy("dev.securesession.store")
                .whereLayer("store")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("transport")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("exchange")
                .mayOnlyBeAccessedByLayers("store")
                .whereLayer("handshake")
                .mayOnlyBeAccessedByLayers("api")
                .whereLayer("message")
                .mayOnlyBeAccessedByLayers("handshake", "api")
                .whereLayer("state")
                .mayOnlyBeAccessedByLayers("message", "handshake", "api")
                .whereLayer("wire")
                .mayOnlyBeAccessedByLayers("message", "handshake", "api")
                .whereLayer("keys")
                .mayOnlyBeAccessedByLayers("wire", "state", "message", "handshake", "api")
                .whereLayer("codec")
                .mayOnlyBeAccessedByLayers("keys", "wire", "state", "message", "handshake", "api")
                .whereLayer("crypto")
                .mayOnlyBeAccessedByLayers("keys", "wire", "state", "message", "handshake", "api")
                .ignoreDependency(resideInAPackage(INTERNAL), vocabularyOrItsParts())
                .whereLayer("api")
                .mayOnlyBeAccessedByLayers("transport", "exchange", "store")
                .check(LIBRARY);
    }

    @Test
    void internalPackagesUseOnlyTheVocabulary() {
        noClasses()
                .that()
                .resideInAPackage(INTERNAL)
                .should()
                .dependOnClassesThat(resideInAPackage(CORE).and(not(vocabularyOrItsParts())))
                .check(LIBRARY);
    }

    @Test
    @Rule(value = "M-4", kind = ACCEPTS)
    void coreUsesTheJdkAndNothingElse() {
        classes()
                .that(areCore())
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage("java..", "javax.crypto..", "javax.security.auth..", "org.jspecify..")
                                .or(resideInAnyPackage(CORE, INTERNAL)))
                .check(LIBRARY);
    }

    @Test
    @Rule(value = "M-4", kind = REFUSES)
    void coreTouchesNothingOutside() {
        noClasses()
                .that(areCore().and(not(warmUp())))
                .should()
                .dependOnClassesThat(OUTSIDE_WORLD)
                .check(LIBRARY);
    }

    @Test
    @Rule(value = "M-4", kind = REFUSES)
    void coreReadsNoGlobalState() {
        noClasses()
                .that(areCore().and(not(warmUp())))
                .should()
                .accessTargetWhere(targetOwner(equivalentTo(System.class))
                        .and(not(target(nameMatching("arraycopy|identityHashCode")))))
                .check(LIBRARY);
    }

    @Test
    @Rule(value = "M-4", kind = REFUSES)
    void onlyTheDefaultConfigurationTakesTheSystemClock() {
        noClasses()
                .that(areCore())
                .and()
                .doNotBelongToAnyOf(SessionConfig.class)
                .should()
                .accessTargetWhere(targetOwner(equivalentTo(Clock.class)).and(target(nameMatching("system.*|tick.*"))))
                .orShould()
                .accessTargetWhere(targetOwner(resideInAPackage("java.time..")).and(target(nameMatching("now"))))
                .check(LIBRARY);
    }

    @Test
    @Rule(value = "H-3", kind = REFUSES)
    void onlyTheHandshakeAssignsItsState() {
        noClasses()
                .that()
                .doNotBelongToAnyOf(Handshake.class)
                .should()
                .accessFieldWhere(assigns("state").and(targetOwner(equivalentTo(Handshake.class))))
                .check(LIBRARY);
        fields().that()
                .areDeclaredIn(Handshake.class)
                .and()
                .haveName("state")
                .should()
                .bePrivate()
                .check(LIBRARY);
    }

    @Test
    @Rule(value = "H-3", kind = ACCEPTS)
    void statesAreImmutable() {
        fields().that()
                .areDeclaredInClassesThat(resideInAPackage("dev.securesession.internal.handshake"))
                .should()
                .beFinal()
                .check(LIBRARY);
    }

    @Test
    void publicMethodsShowNothingInternal() {
        methods()
                .that()
                .arePublic()
                .and()
                .areDeclaredInClassesThat(resideInAPackage(CORE)
                        .and(DescribedPredicate.describe(
                                "are public",
                                (JavaClass type) -> type.getModifiers().contains(JavaModifier.PUBLIC))))
                .should()
                .notHaveRawReturnType(resideInAPackage(INTERNAL))
                .check(LIBRARY);
    }

    @Test
    void noRecordHoldsAnArray() {
        fields().that()
                .areDeclaredInClassesThat(assignableTo(Record.class))
                .should()
                .notHaveRawType(DescribedPredicate.describe("arrays", JavaClass::isArray))
                .allowEmptyShould(true)
                .check(LIBRARY);
    }

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void onlyExceptionsAreSerializable() {
        noClasses()
                .that(areCore())
                .and(not(assignableTo(Throwable.class)))
                .and(not(assignableTo(Enum.class)))
                // JCA demands it of its keys; ours refuses to be written.
                .and(not(assignableTo(Key.class)))
                .should()
                .beAssignableTo(Serializable.class)
                .check(LIBRARY);
    }

    @Test
    @Rule(value = "C-4", kind = REFUSES)
    void nothingButConstantTimeComparisonsWhereSecretsAre() {
        noClasses()
                .that()
                .resideInAnyPackage("dev.securesession.internal.handshake", "dev.securesession.internal.message")
                .should()
                .accessTargetWhere(
                        targetOwner(equivalentTo(Arrays.class)).and(target(nameMatching("equals|compare.*|mismatch"))))
                .orShould()
                .accessTargetWhere(targetOwner(equivalentTo(ByteBuffer.class))
                        .and(target(nameMatching("equals|compareTo|mismatch"))))
                .check(LIBRARY);
    }

    /** A rule that finds nothing wrong anywhere would let everything pass. */
    @Test
    void rulesFindWhatTheyForbid() {
        JavaClasses wrong = new ClassFileImporter().importClasses(ReadsTheClock.class);
        ArchRule noSystem = noClasses()
                .should()
                .accessTargetWhere(targetOwner(equivalentTo(System.class))
                        .and(not(target(nameMatching("arraycopy|identityHashCode")))));
        ArchRule noOutside = noClasses().should().dependOnClassesThat(OUTSIDE_WORLD);

        assertThatThrownBy(() -> noSystem.check(wrong)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> noOutside.check(wrong)).isInstanceOf(AssertionError.class);
    }

    private static URL locationOf(Class<?> type) {
        return type.getProtectionDomain().getCodeSource().getLocation();
    }

    /** The exception to M-4: it measures what it gains, and runs on a thread of its own if asked to. */
    private static DescribedPredicate<JavaClass> warmUp() {
        return equivalentTo(CipherWarmUp.class);
    }

    private static DescribedPredicate<JavaClass> areCore() {
        return resideInAnyPackage(CORE, INTERNAL).as("are in the core");
    }

    /** The vocabulary with the enums inside it, such as the reasons of exceptions. */
    private static DescribedPredicate<JavaClass> vocabularyOrItsParts() {
        return VOCABULARY.or(DescribedPredicate.describe(
                "is inside of the vocabulary",
                (JavaClass type) -> type.getEnclosingClass().filter(VOCABULARY).isPresent()));
    }

    private static DescribedPredicate<JavaFieldAccess> assigns(String field) {
        return DescribedPredicate.describe(
                "assigns " + field,
                access -> access.getAccessType() == AccessType.SET
                        && access.getTarget().getName().equals(field));
    }

    /** What the rules must find. */
    private static final class ReadsTheClock implements LongSupplier {
        @Override
        public long getAsLong() {
            Thread.onSpinWait();
            return System.nanoTime();
        }
    }
}
