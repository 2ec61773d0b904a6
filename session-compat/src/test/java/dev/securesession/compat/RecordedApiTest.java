package dev.securesession.compat;

import static org.assertj.core.api.Assertions.assertThat;

import com.cossacklabs.themis.AsymmetricKey;
import com.cossacklabs.themis.SecureCell;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every class of the drop-in has exactly the signatures that were recorded of the original. */
class RecordedApiTest {
    private static final int CLASS_MODIFIERS = Modifier.PUBLIC | Modifier.ABSTRACT | Modifier.FINAL;
    private static final int METHOD_MODIFIERS = Modifier.PUBLIC
            | Modifier.PROTECTED
            | Modifier.ABSTRACT
            | Modifier.STATIC
            | Modifier.FINAL
            | Modifier.SYNCHRONIZED;

    static Stream<String> names() throws IOException {
        return RecordedApi.read().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("names")
    void declaresWhatWasRecorded(String name) throws Exception {
        RecordedApi.ClassRecord recorded = RecordedApi.read().get(name);
        Class<?> ours = load(name);

        assertThat(header(ours)).isEqualTo(recorded.header());
        assertThat(members(ours))
                .isEqualTo(recorded.members.stream()
                        .map(member -> member.line)
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void coversTheWholeRecord() throws IOException {
        assertThat(RecordedApi.read()).hasSize(34);
    }

    @Test
    void hasNoOtherPublicClasses() throws IOException {
        Set<String> ours = new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages(RecordedApi.PACKAGE)
                        .stream()
                        .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                        .map(type -> type.getName().substring(RecordedApi.PACKAGE.length() + 1))
                        .collect(Collectors.toSet());

        assertThat(ours).isNotEmpty();
        assertThat(RecordedApi.read().keySet()).containsAll(ours);
    }

    /** Compilers copy the values of constants into the programs that use them. */
    @Test
    void hasTheValuesThatProgramsWereCompiledWith() throws Exception {
        for (String constant : Stubs.CONSTANTS.keySet()) {
            Class<?> owner = constant.startsWith("KEYTYPE") ? AsymmetricKey.class : SecureCell.class;
            assertThat(owner.getField(constant).getInt(null)).isEqualTo(Stubs.CONSTANTS.get(constant));
        }
    }

    private static Class<?> load(String name) throws ClassNotFoundException {
        return Class.forName(RecordedApi.PACKAGE + "." + name);
    }

    private static String header(Class<?> type) {
        String modifiers = Modifier.toString(type.getModifiers() & CLASS_MODIFIERS);
        if (type.isInterface()) {
            modifiers = modifiers.replace(" abstract", "");
        }
        String parent = "";
        if (type.isEnum()) {
            parent = " extends Enum<" + name(type) + ">";
        } else if (type.getSuperclass() != null && type.getSuperclass() != Object.class) {
            parent = " extends " + name(type.getSuperclass());
        } else if (type.isInterface() && type.getInterfaces().length > 0) {
            parent = " extends " + names(type.getInterfaces());
        }
        String interfaces = type.isInterface() || type.getInterfaces().length == 0
                ? ""
                : " implements " + names(type.getInterfaces());
        return (modifiers.isEmpty() ? "" : modifiers + " ")
                + (type.isInterface() ? "interface " : "class ")
                + name(type)
                + parent
                + interfaces;
    }

    private static Set<String> members(Class<?> type) {
        Set<String> members = new TreeSet<>();
        for (Field field : type.getDeclaredFields()) {
            if (isVisible(field.getModifiers())) {
                members.add(modifiers(field.getModifiers()) + name(field.getType()) + " " + field.getName() + ";");
            }
        }
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            if (isVisible(constructor.getModifiers())) {
                members.add(modifiers(constructor.getModifiers()) + name(type) + rest(constructor));
            }
        }
        for (Method method : type.getDeclaredMethods()) {
            if (isVisible(method.getModifiers())) {
                members.add(modifiers(method.getModifiers()) + name(method.getReturnType()) + " " + method.getName()
                        + rest(method));
            }
        }
        return members;
    }

    private static boolean isVisible(int modifiers) {
        return (modifiers & (Modifier.PUBLIC | Modifier.PROTECTED)) != 0;
    }

    private static String modifiers(int modifiers) {
        return Modifier.toString(modifiers & METHOD_MODIFIERS) + " ";
    }

    private static String rest(Executable executable) {
        List<Class<?>> exceptions = Arrays.asList(executable.getExceptionTypes());
        return "(" + names(executable.getParameterTypes()) + ")"
                + (exceptions.isEmpty() ? "" : " throws " + names(executable.getExceptionTypes())) + ";";
    }

    private static String names(Class<?>[] types) {
        return Arrays.stream(types).map(RecordedApiTest::name).collect(Collectors.joining(", "));
    }

    private static String name(Class<?> type) {
        if (type.isArray()) {
            return name(type.getComponentType()) + "[]";
        }
        return type.getName().replace(RecordedApi.PACKAGE + ".", "").replaceFirst("^java\\.lang\\.(?=\\w+$)", "");
    }
}
