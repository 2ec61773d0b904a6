package dev.securesession.cli.operations;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * Calls back when the process gets SIGHUP. The JDK has this in {@code sun.misc} only, which compilers warn of and some
 * runtimes lack: it is looked up when the program runs.
 */
public final class Hangup {
    private Hangup() {}

    /**
     * Calls an action at each SIGHUP, on a thread of the JDK.
     *
     * @return false where there is no such signal or no access to it; nothing has changed then
     */
    public static boolean onSignal(Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object callback = Proxy.newProxyInstance(
                    Hangup.class.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        switch (method.getName()) {
                            case "handle" -> action.run();
                            case "hashCode" -> {
                                return System.identityHashCode(proxy);
                            }
                            case "equals" -> {
                                return proxy == arguments[0];
                            }
                            case "toString" -> {
                                return "SIGHUP";
                            }
                            default -> {}
                        }
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), callback);
            return true;
        } catch (InvocationTargetException e) {
            // The signal does not exist on this platform, or the JVM uses it itself (-Xrs).
            return false;
        } catch (ReflectiveOperationException | LinkageError e) {
            return false;
        }
    }
}
