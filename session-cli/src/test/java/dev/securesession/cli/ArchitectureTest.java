package dev.securesession.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.Architectures;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.LocalIdentity;
import dev.securesession.StateKey;
import dev.securesession.internal.base.VisibleText;
import dev.securesession.store.KeyRing;
import java.net.URL;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine.Command;

/** Which package of the command may know which. */
class ArchitectureTest {
    private static final String ROOT = "dev.securesession.cli";

    /** The packages that hold commands. They share the packages of {@link #SHARED} and nothing else. */
    private static final String[] COMMANDS = {
        "bench", "connect", "demo", "inspect", "keys", "manual", "peer", "state", "tunnel"
    };

    private static final String[] SHARED = {"command", "net", "keyfile", "operations"};

    private static final JavaClasses CLASSES = new ClassFileImporter().importUrl(locationOf(Main.class));

    static Stream<String> commands() {
        return Arrays.stream(COMMANDS);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void commandsDoNotKnowEachOther(String command) {
        String[] others = commands()
                .filter(other -> !other.equals(command))
                .map(other -> ROOT + "." + other + "..")
                .toArray(String[]::new);
        noClasses()
                .that()
                .resideInAPackage(ROOT + "." + command + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(others)
                .check(CLASSES);
    }

    @Test
    void sharedPackagesKnowOnlyThoseBelow() {
        Architectures.layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("main")
                .definedBy(ROOT)
                .layer("commands")
                .definedBy(
                        commands().map(command -> ROOT + "." + command + "..").toArray(String[]::new))
                .layer("operations")
                .definedBy(ROOT + ".operations")
                .layer("keyfile")
                .definedBy(ROOT + ".keyfile")
                .layer("net")
                .definedBy(ROOT + ".net")
                .layer("command")
                .definedBy(ROOT + ".command")
                .whereLayer("main")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("commands")
                .mayOnlyBeAccessedByLayers("main")
                .whereLayer("operations")
                .mayOnlyBeAccessedByLayers("commands", "main")
                .whereLayer("keyfile")
                .mayOnlyBeAccessedByLayers("commands", "operations", "main")
                .whereLayer("net")
                .mayOnlyBeAccessedByLayers("commands", "operations", "main")
                .check(CLASSES);
    }

    @Test
    void everyClassIsInOneOfThePackagesAbove() {
        String[] packages = Stream.concat(commands(), Arrays.stream(SHARED))
                .map(name -> ROOT + "." + name + "..")
                .toArray(String[]::new);
        classes()
                .that()
                .resideOutsideOfPackage(ROOT)
                .should()
                .resideInAnyPackage(packages)
                .check(CLASSES);
    }

    /** So that no package of shared classes grows commands that the rules above would not see. */
    @Test
    void commandsAreInThePackagesOfCommands() {
        noClasses()
                .that()
                .resideInAnyPackage(Arrays.stream(SHARED)
                        .map(name -> ROOT + "." + name + "..")
                        .toArray(String[]::new))
                .and()
                .areNotInterfaces()
                .and()
                .doNotHaveSimpleName("Subcommand")
                .should()
                .beAnnotatedWith(Command.class)
                .check(CLASSES);
    }

    /** A record compares and shows what it holds. */
    @Test
    void noRecordHoldsKeys() {
        noClasses()
                .that()
                .areRecords()
                .should()
                .dependOnClassesThat(
                        belongToAnyOf(StateKey.class, KeyRing.class, IdentityPrivateKey.class, LocalIdentity.class))
                .check(CLASSES);
    }

    /** And which text is fit to be shown: there must be one rule for that. */
    @Test
    void onlyThePublicApiOfTheLibraryIsUsed() {
        noClasses()
                .should()
                .dependOnClassesThat(
                        resideInAPackage("dev.securesession.internal..").and(not(belongToAnyOf(VisibleText.class))))
                .check(CLASSES);
    }

    private static URL locationOf(Class<?> type) {
        return type.getProtectionDomain().getCodeSource().getLocation();
    }
}
