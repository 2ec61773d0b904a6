package dev.securesession.compat;

import static org.assertj.core.api.Assertions.assertThat;

import com.cossacklabs.themis.SecureCell;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Kotlin sees of nullness in the classes of the original: as much as there, and no more. */
class NullnessTest {
    private static final Set<Class<?>> ANNOTATED = Set.of(
            SecureCell.class, SecureCell.Seal.class, SecureCell.TokenProtect.class, SecureCell.ContextImprint.class);

    @ParameterizedTest
    @ValueSource(classes = {SecureCell.Seal.class, SecureCell.TokenProtect.class, SecureCell.ContextImprint.class})
    void resultsOfCellsAreNeverNull(Class<?> mode) {
        assertThat(mode.getDeclaredMethods())
                .allSatisfy(method ->
                        assertThat(isNonNull(method.getAnnotatedReturnType())).isTrue());
    }

    @Test
    void factoriesNeverReturnNull() {
        assertThat(SecureCell.class.getDeclaredMethods())
                .filteredOn(
                        method -> Modifier.isPublic(method.getModifiers()) && Modifier.isStatic(method.getModifiers()))
                .hasSize(9)
                .allSatisfy(method ->
                        assertThat(isNonNull(method.getAnnotatedReturnType())).isTrue());
    }

    @Test
    void contextsThatMayBeAbsentAreNullable() throws Exception {
        Class<?> bytes = byte[].class;
        assertThat(nullableParameters(SecureCell.Seal.class.getMethod("encrypt", bytes, bytes)))
                .containsExactly(1);
        assertThat(nullableParameters(SecureCell.Seal.class.getMethod("decrypt", bytes, bytes)))
                .containsExactly(1);
        assertThat(nullableParameters(SecureCell.TokenProtect.class.getMethod("encrypt", bytes, bytes)))
                .containsExactly(1);
        assertThat(nullableParameters(SecureCell.TokenProtect.class.getMethod("decrypt", bytes, bytes, bytes)))
                .containsExactly(2);
        assertThat(nullableParameters(SecureCell.TokenProtect.class.getMethod("decrypt", bytes, bytes)))
                .isEmpty();
        assertThat(nullableParameters(SecureCell.ContextImprint.class.getMethod("encrypt", bytes, bytes)))
                .isEmpty();
        assertThat(nullableParameters(SecureCell.ContextImprint.class.getMethod("decrypt", bytes, bytes)))
                .isEmpty();
    }

    @Test
    void deprecatedMethodsAreNotAnnotated() {
        for (Method method : SecureCell.class.getDeclaredMethods()) {
            if (method.isAnnotationPresent(Deprecated.class)) {
                assertThat(annotations(method)).as(method.toString()).isEmpty();
            }
        }
    }

    @Test
    void noOtherClassOfTheOriginalIsAnnotated() {
        List<String> annotated = new ArrayList<>();
        int classes = 0;
        for (JavaClass found : new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackagesOf(SecureCell.class)) {
            Class<?> type = found.reflect();
            if (!found.getModifiers().contains(JavaModifier.PUBLIC)
                    || !found.getPackageName().equals(SecureCell.class.getPackageName())
                    || ANNOTATED.contains(type)) {
                continue;
            }
            classes++;
            List<Executable> members = new ArrayList<>(List.of(type.getDeclaredMethods()));
            members.addAll(List.of(type.getDeclaredConstructors()));
            for (Executable member : members) {
                if (Modifier.isPublic(member.getModifiers())
                        && !annotations(member).isEmpty()) {
                    annotated.add(member.toString());
                }
            }
        }
        assertThat(classes).isGreaterThan(20);
        assertThat(annotated).isEmpty();
    }

    private static List<Object> annotations(Executable member) {
        List<Object> found =
                new ArrayList<>(List.of(member.getAnnotatedReturnType().getAnnotations()));
        for (AnnotatedType parameter : member.getAnnotatedParameterTypes()) {
            found.addAll(List.of(parameter.getAnnotations()));
        }
        return found;
    }

    private static List<Integer> nullableParameters(Method method) {
        List<Integer> found = new ArrayList<>();
        AnnotatedType[] parameters = method.getAnnotatedParameterTypes();
        for (int i = 0; i < parameters.length; i++) {
            if (parameters[i].isAnnotationPresent(Nullable.class)) {
                found.add(i);
            }
        }
        return found;
    }

    private static boolean isNonNull(AnnotatedType type) {
        return type.isAnnotationPresent(NonNull.class);
    }
}
