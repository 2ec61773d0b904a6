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
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.domain.JavaFieldAccess.AccessType;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures;
import dev.securesession.internal.crypto.CipherWarmUp;
import dev.securesession.internal.crypto.WrongPrimitive;
import dev.securesession.internal.handshake.WrongState;
import dev.securesession.rules.Rule;
import java.io.Serializable;
import java.lang.reflect.Field;
import java.net.URL;
import java.nio.ByteBuffer;
import java.security.Key;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which part of the library may know which, and what none of them may touch. */
class ArchitectureTest {
    private static final String CORE = "dev.securesession";
    private static final String INTERNAL = "dev.securesession.internal..";
    private static final String SERVER = "dev.securesession.internal.server";

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

    private static final ArchRule LAYERS = Architectures.layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("base")
            .definedBy("dev.securesession.internal.base")
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
            .layer("server")
            .definedBy(SERVER)
            .layer("transport")
            .definedBy("dev.securesession.transport..")
            .layer("exchange")
            .definedBy("dev.securesession.exchange")
            .layer("store")
            .definedBy("dev.securesession.store")
            .whereLayer("base")
            .mayNotAccessAnyLayer()
            .whereLayer("store")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("transport")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("server")
            .mayOnlyBeAccessedByLayers("transport")
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
            .mayOnlyBeAccessedByLayers("transport", "exchange", "store");

    private static final ArchRule ONLY_THE_VOCABULARY = noClasses()
            .that()
            .resideInAPackage(INTERNAL)
            .should()
            .dependOnClassesThat(resideInAPackage(CORE).and(not(vocabularyOrItsParts())));

    private static final ArchRule ONLY_THE_JDK = classes()
            .that(areCore())
            .should()
            .onlyDependOnClassesThat(
                    resideInAnyPackage("java..", "javax.crypto..", "javax.security.auth..", "org.jspecify..")
                            .or(resideInAnyPackage(CORE, INTERNAL)));

    private static final ArchRule NOTHING_OUTSIDE =
            noClasses().that(areCore().and(not(warmUp()))).should().dependOnClassesThat(OUTSIDE_WORLD);

    private static final ArchRule NO_GLOBAL_STATE = noClasses()
            .that(areCore().and(not(warmUp())))
            .should()
            .accessTargetWhere(targetOwner(equivalentTo(System.class))
                    .and(not(target(nameMatching("arraycopy|identityHashCode")))));

    private static final ArchRule NO_SYSTEM_CLOCK = noClasses()
            .that(areCore())
            .and()
            .doNotBelongToAnyOf(SessionConfig.class)
            .should()
            .accessTargetWhere(targetOwner(equivalentTo(Clock.class)).and(target(nameMatching("system.*|tick.*"))))
            .orShould()
            .accessTargetWhere(targetOwner(resideInAPackage("java.time..")).and(target(nameMatching("now"))));

    private static final ArchRule ONE_ASSIGNER_OF_THE_STATE = noClasses()
            .that()
            .doNotBelongToAnyOf(Handshake.class)
            .should()
            .accessFieldWhere(assigns("state").and(targetOwner(equivalentTo(Handshake.class))));

    private static final ArchRule IMMUTABLE_STATES = fields().that()
            .areDeclaredInClassesThat(resideInAPackage("dev.securesession.internal.handshake"))
            .should()
            .beFinal();

    private static final ArchRule NOTHING_INTERNAL_IN_THE_API =
            noClasses().that(areExported()).should(ArchCondition.from(showInternalClasses()));

    private static final ArchRule NO_ARRAYS_IN_RECORDS = fields().that()
            .areDeclaredInClassesThat(assignableTo(Record.class))
            .should()
            .notHaveRawType(DescribedPredicate.describe("arrays", JavaClass::isArray));

    private static final ArchRule NOTHING_SERIALIZABLE = noClasses()
            .that(areCore())
            .and(not(assignableTo(Throwable.class)))
            .and(not(assignableTo(Enum.class)))
            // JCA demands it of its keys; ours refuses to be written.
            .and(not(assignableTo(Key.class)))
            .should()
            .beAssignableTo(Serializable.class);

    private static final ArchRule COMPARISONS_IN_CONSTANT_TIME = noClasses()
            .that()
            .resideInAnyPackage("dev.securesession.internal.handshake", "dev.securesession.internal.message")
            .should()
            .accessTargetWhere(
                    targetOwner(equivalentTo(Arrays.class)).and(target(nameMatching("equals|compare.*|mismatch"))))
            .orShould()
            .accessTargetWhere(
                    targetOwner(equivalentTo(ByteBuffer.class)).and(target(nameMatching("equals|compareTo|mismatch"))));

    private static final ArchRule NO_METHOD_WITHOUT_A_CALLER = methods()
            .that(DescribedPredicate.describe(
                    "are neither public API, nor called by the JDK, nor there for tests",
                    method -> !isApi(method) && !isOverride(method) && !isOfTheCompiler(method) && !isForTests(method)))
            .should(ArchCondition.from(DescribedPredicate.describe(
                    "be called from elsewhere in the library",
                    (JavaMethod method) -> method.getAccessesToSelf().stream()
                            .anyMatch(access -> !access.getOrigin().equals(method)))));

    @Test
    void layersKnowOnlyThoseBelow() {
        LAYERS.check(LIBRARY);
    }

    @Test
    void internalPackagesUseOnlyTheVocabulary() {
        ONLY_THE_VOCABULARY.check(LIBRARY);
    }

    @Test
    @Rule(value = "M-4", kind = ACCEPTS)
    void coreUsesTheJdkAndNothingElse() {
        ONLY_THE_JDK.check(LIBRARY);
    }

    @Test
    @Rule(value = "M-4", kind = REFUSES)
    void coreTouchesNothingOutside() {
        NOTHING_OUTSIDE.check(LIBRARY);
    }

    @Test
    @Rule(value = "M-4", kind = REFUSES)
    void coreReadsNoGlobalState() {
        NO_GLOBAL_STATE.check(LIBRARY);
    }

    @Test
    @Rule(value = "M-4", kind = REFUSES)
    void onlyTheDefaultConfigurationTakesTheSystemClock() {
        NO_SYSTEM_CLOCK.check(LIBRARY);
    }

    @Test
    @Rule(value = "H-3", kind = REFUSES)
    void onlyTheHandshakeAssignsItsState() {
        ONE_ASSIGNER_OF_THE_STATE.check(LIBRARY);
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
        IMMUTABLE_STATES.check(LIBRARY);
    }

    @Test
    void theApiShowsNothingInternal() {
        NOTHING_INTERNAL_IN_THE_API.check(LIBRARY);
    }

    @Test
    void noRecordHoldsAnArray() {
        NO_ARRAYS_IN_RECORDS.check(LIBRARY);
    }

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void onlyExceptionsAreSerializable() {
        NOTHING_SERIALIZABLE.check(LIBRARY);
    }

    @Test
    @Rule(value = "C-4", kind = REFUSES)
    void nothingButConstantTimeComparisonsWhereSecretsAre() {
        COMPARISONS_IN_CONSTANT_TIME.check(LIBRARY);
    }

    @Test
    void everyMethodHasACaller() {
        NO_METHOD_WITHOUT_A_CALLER.check(LIBRARY);
    }

    /** A rule that finds nothing wrong anywhere would let everything pass: each must find the wrong class made for it. */
    @Test
    void rulesFindWhatTheyForbid() throws IllegalAccessException {
        Map<ArchRule, List<Class<?>>> forbidden = new HashMap<>();
        forbidden.put(LAYERS, List.of(WrongPrimitive.class));
        forbidden.put(ONLY_THE_VOCABULARY, List.of(WrongState.class));
        forbidden.put(ONLY_THE_JDK, List.of(ArchitectureTest.class));
        forbidden.put(NOTHING_OUTSIDE, List.of(ReadsTheClock.class));
        forbidden.put(NO_GLOBAL_STATE, List.of(ReadsTheClock.class));
        forbidden.put(NO_SYSTEM_CLOCK, List.of(ReadsTheClock.class));
        forbidden.put(IMMUTABLE_STATES, List.of(WrongState.class));
        forbidden.put(
                NOTHING_INTERNAL_IN_THE_API,
                List.of(
                        WrongApi.ShowsItsParameter.class,
                        WrongApi.ShowsItsResult.class,
                        WrongApi.ShowsItsField.class,
                        WrongApi.ShowsItsException.class,
                        WrongApi.ShowsItsSupertype.class,
                        WrongApi.ShowsItsBound.class));
        forbidden.put(NO_ARRAYS_IN_RECORDS, List.of(RecordOfAnArray.class));
        forbidden.put(NOTHING_SERIALIZABLE, List.of(CanBeSerialized.class));
        forbidden.put(COMPARISONS_IN_CONSTANT_TIME, List.of(WrongState.class));
        forbidden.put(NO_METHOD_WITHOUT_A_CALLER, List.of(WrongState.class, ReadsTheClock.class));
        // The compiler lets no other class assign a private field: nothing wrong can be made for this one.
        forbidden.put(ONE_ASSIGNER_OF_THE_STATE, List.of());

        assertThat(forbidden.keySet()).containsExactlyInAnyOrderElementsOf(rules());
        JavaClasses wrong = libraryAnd(forbidden.values().stream().flatMap(List::stream));
        forbidden.forEach((rule, classes) -> {
            String report = rule.evaluate(wrong).getFailureReport().toString();
            for (Class<?> type : classes) {
                assertThat(report).as(rule.getDescription()).contains(type.getName());
            }
        });
    }

    private static List<ArchRule> rules() throws IllegalAccessException {
        List<ArchRule> rules = new ArrayList<>();
        for (Field field : ArchitectureTest.class.getDeclaredFields()) {
            if (field.getType() == ArchRule.class) {
                rules.add((ArchRule) field.get(null));
            }
        }
        return rules;
    }

    private static JavaClasses libraryAnd(Stream<Class<?>> wrong) {
        Stream<URL> files = wrong.distinct().map(type -> {
            String name = type.getName();
            return type.getResource(name.substring(name.lastIndexOf('.') + 1) + ".class");
        });
        return new ClassFileImporter()
                .importUrls(Stream.concat(Stream.of(locationOf(SecureSession.class)), files)
                        .toList());
    }

    private static URL locationOf(Class<?> type) {
        return type.getProtectionDomain().getCodeSource().getLocation();
    }

    /** The exception to M-4: it measures what it gains, and runs on a thread of its own if asked to. */
    private static DescribedPredicate<JavaClass> warmUp() {
        return equivalentTo(CipherWarmUp.class);
    }

    private static DescribedPredicate<JavaClass> areCore() {
        return resideInAnyPackage(CORE, INTERNAL)
                .and(not(resideInAPackage(SERVER)))
                .as("are in the core");
    }

    /** The vocabulary with the enums inside it, such as the reasons of exceptions. */
    private static DescribedPredicate<JavaClass> vocabularyOrItsParts() {
        return VOCABULARY.or(DescribedPredicate.describe(
                "is inside of the vocabulary",
                (JavaClass type) -> type.getEnclosingClass().filter(VOCABULARY).isPresent()));
    }

    private static DescribedPredicate<JavaClass> areExported() {
        return DescribedPredicate.describe(
                "are public in an exported package",
                type -> type.getModifiers().contains(JavaModifier.PUBLIC)
                        && !type.getPackageName().startsWith(CORE + ".internal")
                        && type.getEnclosingClass().map(areExported()::test).orElse(true));
    }

    /** The types in signatures, with their arguments and bounds: of supertypes, fields, constructors and methods. */
    private static DescribedPredicate<JavaClass> showInternalClasses() {
        return DescribedPredicate.describe(
                "show internal classes",
                type -> Stream.of(
                                Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream()),
                                type.getTypeParameters().stream(),
                                visible(type.getFields()).map(JavaField::getType),
                                visible(type.getCodeUnits()).flatMap(ArchitectureTest::signature))
                        .flatMap(types -> types)
                        .flatMap(shown -> shown.getAllInvolvedRawTypes().stream())
                        .anyMatch(shown -> shown.getPackageName().startsWith(CORE + ".internal")));
    }

    private static <M extends JavaMember> Stream<M> visible(Set<M> members) {
        return members.stream()
                .filter(member -> member.getModifiers().contains(JavaModifier.PUBLIC)
                        || member.getModifiers().contains(JavaModifier.PROTECTED));
    }

    private static Stream<JavaType> signature(JavaCodeUnit unit) {
        return Stream.of(
                        Stream.of(unit.getReturnType()),
                        unit.getParameterTypes().stream(),
                        unit.getTypeParameters().stream(),
                        unit.getExceptionTypes().stream())
                .flatMap(types -> types);
    }

    private static boolean isApi(JavaMethod method) {
        return areExported().test(method.getOwner())
                && visible(Set.of(method)).findAny().isPresent();
    }

    private static boolean isOverride(JavaMethod method) {
        JavaClass owner = method.getOwner();
        String[] parameters =
                method.getRawParameterTypes().stream().map(JavaClass::getName).toArray(String[]::new);
        return Stream.concat(owner.getAllRawSuperclasses().stream(), owner.getAllRawInterfaces().stream())
                .anyMatch(parent ->
                        parent.tryGetMethod(method.getName(), parameters).isPresent());
    }

    /** Bridges, the methods of every enum, and the hook by which an object refuses to be serialized. */
    private static boolean isOfTheCompiler(JavaMethod method) {
        return method.getModifiers().contains(JavaModifier.SYNTHETIC)
                || (method.getOwner().isEnum() && method.getName().matches("values|valueOf"))
                || method.getName().equals("writeReplace");
    }

    /** Nothing else shows whether the one warm-up of the process has ended. */
    private static boolean isForTests(JavaMethod method) {
        return method.getOwner().isEquivalentTo(CipherWarmUp.class)
                && method.getName().matches("isDone|rounds");
    }

    private static DescribedPredicate<JavaFieldAccess> assigns(String field) {
        return DescribedPredicate.describe(
                "assigns " + field,
                access -> access.getAccessType() == AccessType.SET
                        && access.getTarget().getName().equals(field));
    }

    // What the rules must find. WrongApi, WrongState and WrongPrimitive are where their rules look for such classes.

    private static final class ReadsTheClock implements LongSupplier {
        @Override
        public long getAsLong() {
            Thread.onSpinWait();
            return System.nanoTime() + Clock.systemUTC().millis();
        }

        @SuppressWarnings("unused")
        void neverCalled() {}
    }

    @SuppressWarnings({"unused", "ArrayRecordComponent"})
    private record RecordOfAnArray(byte[] bytes) {}

    private static final class CanBeSerialized implements Serializable {
        private static final long serialVersionUID = 1;
    }
}
