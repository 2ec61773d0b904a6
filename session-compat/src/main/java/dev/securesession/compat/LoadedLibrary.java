package dev.securesession.compat;

import com.cossacklabs.themis.SecureSession;
import java.io.IOException;
import java.net.URL;
import java.security.CodeSource;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Tells which library the classes of {@code com.cossacklabs.themis} come from, for programs that migrate module by module.
 *
 * <p>The drop-in and the library over JNI have classes of the same names, so a class path must have one of them only.
 * {@link #requireDropIn()} in a start-up or a test finds the other; so does
 * {@code java -cp CLASSPATH dev.securesession.compat.LoadedLibrary}.
 *
 * <p>Safe for use by several threads.
 */
public final class LoadedLibrary {
    private static final String SESSION = "com/cossacklabs/themis/SecureSession.class";

    private LoadedLibrary() {}

    /**
     * Tells whether the session class that programs get is the drop-in's.
     *
     * @return false if the library over JNI precedes the drop-in on the class path
     */
    public static boolean isDropIn() {
        return source(SecureSession.class).equals(source(LoadedLibrary.class));
    }

    /**
     * Returns every place on the class path that has the session class, the one that is loaded first.
     *
     * @return one address if all is well; two or more if both libraries are there
     */
    public static List<String> places() {
        ClassLoader loader = LoadedLibrary.class.getClassLoader();
        List<String> places = new ArrayList<>();
        try {
            for (URL place : Collections.list(loader.getResources(SESSION))) {
                places.add(place.toString());
            }
        } catch (IOException e) {
            throw new IllegalStateException("the class path cannot be read: see the cause", e);
        }
        return places;
    }

    /**
     * Does nothing if the drop-in is the only library.
     *
     * @throws IllegalStateException if the library over JNI is loaded, or is on the class path too: exclude it from the
     *     dependency that brings it; the message names the places
     */
    public static void requireDropIn() {
        requireOnly(isDropIn(), places());
    }

    /**
     * Prints which library is loaded, and fails unless it is the drop-in alone.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        requireDropIn();
        System.out.println("drop-in, from " + places().get(0) + "; providers: " + DropInProviders.current());
    }

    static void requireOnly(boolean dropIn, List<String> places) {
        if (!dropIn || places.size() > 1) {
            throw new IllegalStateException("the classes of com.cossacklabs.themis are "
                    + (dropIn ? "the drop-in's, but " : "not the drop-in's; ")
                    + places.size() + " places have them; expected the drop-in alone; exclude the other library from: "
                    + places);
        }
    }

    private static String source(Class<?> type) {
        ProtectionDomain domain = type.getProtectionDomain();
        CodeSource source = domain == null ? null : domain.getCodeSource();
        return source == null ? "" : String.valueOf(source.getLocation());
    }
}
