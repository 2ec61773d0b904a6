package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.securesession.rules.Rule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.spec.ECParameterSpec;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The page "Threads and locks" of ARCHITECTURE.md, compared with the classes: the locks and their order, what threads share
 * without a lock, and the statics that change.
 */
class ThreadsAndLocksTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Path SOURCES = ROOT.resolve("session/src/main/java");

    private static final JavaClasses LIBRARY = new ClassFileImporter()
            .importUrl(SecureSession.class.getProtectionDomain().getCodeSource().getLocation());

    private static final Pattern MONITOR = Pattern.compile("\\bsynchronized\\s*\\(\\s*([\\w.]+)\\s*\\)");
    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/|//[^\\n]*", Pattern.DOTALL);

    private static final Set<Class<?>> IMMUTABLE =
            Set.of(String.class, BigInteger.class, Duration.class, ECParameterSpec.class);

    /** The interfaces that users implement, apart from the clock. */
    private static final Set<String> USERS = Set.of("SessionListener", "PeerDirectory", "Transport", "Handler");

    @Test
    @Rule(value = "D-7", kind = ACCEPTS)
    void namesEveryLock() {
        assertThat(table("Locks, outermost first"))
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(locks());
    }

    @Test
    @Rule(value = "H-11", kind = REFUSES)
    void locksAreAcquiredInTheOrderOfThePage() {
        List<String> order = table("Locks, outermost first");

        Set<Acquisition> acquisitions = acquisitions(LIBRARY, locks());

        assertThat(acquisitions)
                .extracting(Acquisition::outer, Acquisition::inner)
                .contains(tuple("EstablishedSession", "MessageOpener"), tuple("Handshake", "MessageSealer"));
        assertThat(acquisitions)
                .filteredOn(pair -> order.indexOf(pair.outer()) >= order.indexOf(pair.inner()))
                .isEmpty();
    }

    /** The lock of a handshake is released before such calls, those of connections and streams are for the transport alone. */
    @Test
    @Rule(value = "H-11", kind = REFUSES)
    void onlyTheOuterClassesCallWhatUsersImplement() {
        Map<JavaMethod, List<JavaMethod>> overrides = overrides(LIBRARY);
        Set<String> callers = new TreeSet<>();
        for (JavaClass type : LIBRARY) {
            if (reachable(type, LIBRARY, overrides).keySet().stream()
                    .anyMatch(method -> method.getOwner().isInterface()
                            && USERS.contains(method.getOwner().getSimpleName()))) {
                callers.add(nameOf(type));
            }
        }

        callers.retainAll(locks());
        assertThat(callers)
                .containsExactlyInAnyOrder(
                        "SecureServer", "SecureStream", "SecureConnection", "SecureDatagrams", "Handshake");
    }

    @Test
    void namesEveryFieldThatThreadsShareWithoutALock() {
        assertThat(table("Shared without a lock"))
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(namesOf(sharedFields(LIBRARY)));
    }

    @Test
    @Rule(value = "M-4", kind = REFUSES)
    void namesEveryStaticThatChanges() {
        assertThat(table("Statics that change"))
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(namesOf(changingStatics(LIBRARY)));
    }

    /** A comparison that finds nothing anywhere would let everything pass. */
    @Test
    void findsWhatThePageMustName() {
        JavaClasses wrong = new ClassFileImporter().importClasses(Outer.class, Inner.class);

        assertThat(namesOf(sharedFields(wrong))).containsExactly("ThreadsAndLocksTest");
        assertThat(changingStatics(wrong).stream().map(JavaField::getName))
                .containsExactlyInAnyOrder("counter", "numbers", "last");
        assertThat(wrong.stream().filter(ThreadsAndLocksTest::hasLockOfItsOwn).count())
                .isEqualTo(2);
        assertThat(monitors("a(); /* synchronized (no) */ synchronized (inner) { b(); } // synchronized (no)"))
                .containsExactly("inner");
        assertThat(reachable(wrong.get(Outer.class), wrong, Map.of()))
                .anySatisfy((method, path) -> assertThat(method.getFullName()).contains("Inner.acquire"));
    }

    /** Returns the first column of a table of the page. */
    private static List<String> table(String heading) {
        String page = read(ROOT.resolve("ARCHITECTURE.md"));
        Matcher section = Pattern.compile(
                        "^### " + Pattern.quote(heading) + "\\n(.*?)(?=^#|\\z)", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(page);
        assertThat(section.find()).as("a section " + heading).isTrue();
        Matcher row = Pattern.compile("^\\| `(\\w+)` ", Pattern.MULTILINE).matcher(section.group(1));
        List<String> names = new ArrayList<>();
        while (row.find()) {
            names.add(row.group(1));
        }
        return names;
    }

    /** Returns the classes whose objects are locks or have one. */
    private static Set<String> locks() {
        Set<String> found = new TreeSet<>();
        LIBRARY.stream().filter(ThreadsAndLocksTest::hasLockOfItsOwn).forEach(type -> found.add(nameOf(type)));
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java")
                            && !path.endsWith("module-info.java")
                            && !path.endsWith("package-info.java"))
                    .toList()) {
                JavaClass type = LIBRARY.get(SOURCES.relativize(file)
                        .toString()
                        .replace(".java", "")
                        .replace(file.getFileSystem().getSeparator(), "."));
                for (String monitor : monitors(read(file))) {
                    found.add(ownerOf(monitor, type));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static boolean hasLockOfItsOwn(JavaClass type) {
        return type.getMethods().stream()
                        .anyMatch(method -> method.getModifiers().contains(JavaModifier.SYNCHRONIZED))
                || type.getFields().stream()
                        .anyMatch(field -> field.getRawType().getPackageName().equals("java.util.concurrent.locks"));
    }

    /** Returns what the source synchronizes on. */
    private static List<String> monitors(String source) {
        Matcher monitor = MONITOR.matcher(COMMENT.matcher(source).replaceAll(""));
        List<String> found = new ArrayList<>();
        while (monitor.find()) {
            found.add(monitor.group(1));
        }
        return found;
    }

    /** The lock of a field of ours is the lock of its class; an Object is there to be our own. */
    private static String ownerOf(String monitor, JavaClass type) {
        return type.tryGetField(monitor)
                .map(JavaField::getRawType)
                .filter(fieldType -> fieldType.getPackageName().startsWith("dev.securesession"))
                .map(ThreadsAndLocksTest::nameOf)
                .orElse(nameOf(type));
    }

    private static Set<JavaField> sharedFields(JavaClasses classes) {
        return classes.stream()
                .flatMap(type -> type.getFields().stream())
                .filter(field -> field.getModifiers().contains(JavaModifier.VOLATILE)
                        || field.getRawType().getPackageName().equals("java.util.concurrent.atomic")
                        || field.getRawType().getName().matches(".*\\.(Concurrent\\w+|ThreadLocal|VarHandle)"))
                .collect(Collectors.toSet());
    }

    /** Returns the statics that are not constants: an array counts as one if it is private and ours to leave alone. */
    private static Set<JavaField> changingStatics(JavaClasses classes) {
        return classes.stream()
                .flatMap(type -> type.getFields().stream())
                .filter(field -> field.getModifiers().contains(JavaModifier.STATIC)
                        && !field.getModifiers().contains(JavaModifier.SYNTHETIC)
                        && !isConstant(field))
                .collect(Collectors.toSet());
    }

    private static boolean isConstant(JavaField field) {
        if (!field.getModifiers().contains(JavaModifier.FINAL)) {
            return false;
        }
        JavaClass type = field.getRawType();
        if (type.isArray()) {
            return field.getModifiers().contains(JavaModifier.PRIVATE);
        }
        return type.isPrimitive()
                || type.isEnum()
                || IMMUTABLE.stream().anyMatch(type::isEquivalentTo)
                || isDeeplyFinal(type);
    }

    /** Tells whether a class of ours has nothing but final fields of such types. */
    private static boolean isDeeplyFinal(JavaClass type) {
        return type.getPackageName().startsWith("dev.securesession")
                && type.getFields().stream()
                        .filter(field -> !field.getModifiers().contains(JavaModifier.STATIC))
                        .allMatch(field -> field.getModifiers().contains(JavaModifier.FINAL)
                                && !field.getRawType().isArray()
                                && isConstant(field));
    }

    /** Returns which lock may be held while which other one is acquired, as far as calls show it. */
    private static Set<Acquisition> acquisitions(JavaClasses classes, Set<String> locks) {
        Map<JavaMethod, List<JavaMethod>> overrides = overrides(classes);
        Set<Acquisition> found = new HashSet<>();
        for (JavaClass type : classes) {
            if (locks.contains(nameOf(type))) {
                reachable(type, classes, overrides).forEach((method, path) -> {
                    String inner = nameOf(method.getOwner());
                    if (locks.contains(inner) && !inner.equals(nameOf(type)) && acquires(method)) {
                        found.add(new Acquisition(nameOf(type), inner, path));
                    }
                });
            }
        }
        return found;
    }

    /** A method that is synchronized, or calls a lock, or belongs to a class with synchronized blocks. */
    private static boolean acquires(JavaCodeUnit method) {
        return method.getModifiers().contains(JavaModifier.SYNCHRONIZED)
                || method.getCallsFromSelf().stream()
                        .anyMatch(call -> call.getTargetOwner().getPackageName().equals("java.util.concurrent.locks"))
                || sourceSynchronizes(method.getOwner());
    }

    private static boolean sourceSynchronizes(JavaClass type) {
        Path file = SOURCES.resolve(outermost(type).getFullName().replace('.', '/') + ".java");
        return Files.exists(file)
                && monitors(read(file)).stream()
                        .anyMatch(monitor -> ownerOf(monitor, outermost(type)).equals(nameOf(type)));
    }

    /** Returns what the methods of a class call, directly or not, each with a path to it. */
    private static Map<JavaCodeUnit, String> reachable(
            JavaClass type, JavaClasses classes, Map<JavaMethod, List<JavaMethod>> overrides) {
        Map<JavaCodeUnit, String> paths = new HashMap<>();
        Deque<JavaCodeUnit> open = new ArrayDeque<>();
        for (JavaCodeUnit start : type.getCodeUnits()) {
            paths.put(start, start.getName());
            open.add(start);
        }
        while (!open.isEmpty()) {
            JavaCodeUnit caller = open.remove();
            caller.getCallsFromSelf().stream()
                    .flatMap(call -> call.getTarget().resolveMember().stream())
                    .flatMap(called ->
                            Stream.concat(Stream.of(called), overrides.getOrDefault(called, List.of()).stream()))
                    .filter(called -> classes.contain(called.getOwner().getName()))
                    .forEach(called -> {
                        String path = paths.get(caller) + " -> " + nameOf(called.getOwner()) + "." + called.getName();
                        if (paths.putIfAbsent(called, path) == null) {
                            open.add(called);
                        }
                    });
        }
        return paths;
    }

    /** A call of one of our interfaces may reach each implementation; calls of the JDK's are not followed. */
    private static Map<JavaMethod, List<JavaMethod>> overrides(JavaClasses classes) {
        Map<JavaMethod, List<JavaMethod>> found = new HashMap<>();
        for (JavaClass type : classes) {
            for (JavaMethod method : type.getMethods()) {
                Stream.concat(type.getAllRawInterfaces().stream(), type.getAllRawSuperclasses().stream())
                        .filter(parent -> classes.contain(parent.getName()))
                        .flatMap(parent ->
                                parent.tryGetMethod(method.getName(), names(method.getRawParameterTypes())).stream())
                        .forEach(overridden -> found.computeIfAbsent(overridden, unused -> new ArrayList<>())
                                .add(method));
            }
        }
        return found;
    }

    private static String[] names(List<JavaClass> types) {
        return types.stream().map(JavaClass::getName).toArray(String[]::new);
    }

    private static Set<String> namesOf(Set<JavaField> fields) {
        return fields.stream().map(field -> nameOf(field.getOwner())).collect(Collectors.toCollection(TreeSet::new));
    }

    private static String nameOf(JavaClass type) {
        return outermost(type).getSimpleName();
    }

    private static JavaClass outermost(JavaClass type) {
        JavaClass outer = type;
        while (outer.getEnclosingClass().isPresent()) {
            outer = outer.getEnclosingClass().get();
        }
        return outer;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One lock that may be held while another is acquired. */
    private record Acquisition(String outer, String inner, String path) {}

    /** What must be found. */
    @SuppressWarnings("unused")
    private static final class Outer {
        static int counter;
        static final List<String> numbers = new ArrayList<>();
        static final Inner last = new Inner();
        static final int CONSTANT = 1;

        private final ReentrantLock lock = new ReentrantLock();
        private volatile int shared;

        void call() {
            last.acquire();
        }
    }

    /** What must be found as well. */
    @SuppressWarnings("unused")
    private static final class Inner {
        private final AtomicLong number = new AtomicLong();

        synchronized void acquire() {
            number.incrementAndGet();
        }
    }
}
