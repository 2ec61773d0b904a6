package dev.securesession.compat;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.cossacklabs.themis.SecureSession;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.securesession.SessionConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModuleRulesTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            // The predefined option for this does not know where a quick build puts its classes.
            .withImportOption(location -> !location.contains("/test-classes/"))
            .importPackages(SecureSession.class.getPackageName(), DropInProviders.class.getPackageName());

    /** So nothing has to be kept from shrinkers of code, and nothing is loaded that is not Java. */
    @Test
    void looksUpNothingByName() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.lang.reflect..", "java.lang.invoke..")
                .orShould()
                .callMethodWhere(target(owner(type(Class.class))).and(target(name("forName"))))
                .orShould()
                .callMethod(System.class, "loadLibrary", String.class)
                .check(CLASSES);
    }

    /** The modules of annotations and of BouncyCastle are for the compiler and for those who want them. */
    @Test
    void modulesNeedTheDropInAndTheSessionOnly(@TempDir Path target) throws Exception {
        Map<String, String> sources =
                Map.of("module-info", "module program { requires dev.securesession.compat; }", "program.Main", """
                package program;
                class Main {
                    byte[] seal(byte[] data) {
                        return com.cossacklabs.themis.SecureCell.SealWithKey(new byte[32]).encrypt(data, null);
                    }
                }
                """);

        Compiler.compileModule(
                sources, List.of(locationOf(SecureSession.class), locationOf(SessionConfig.class)), target);

        assertThat(target.resolve("program/Main.class")).exists();
    }

    private static Path locationOf(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }
}
