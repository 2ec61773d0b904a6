package dev.securesession.internal.handshake;

import dev.securesession.internal.crypto.AeadKey;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Finds the bytes that an object of this library holds, itself or through others of this library: arrays and keys. */
final class Reachable {
    private Reachable() {}

    /** Each supplier tells what its bytes are when it is asked, wiped or not. */
    static List<Supplier<byte[]>> bytes(Object root) throws IllegalAccessException {
        List<Supplier<byte[]>> found = new ArrayList<>();
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Object> open = new ArrayDeque<>();
        open.add(root);
        while (!open.isEmpty()) {
            Object object = open.remove();
            if (!seen.add(object)) {
                continue;
            }
            if (object instanceof byte[] array) {
                found.add(() -> array);
            } else if (object instanceof AeadKey key) {
                found.add(key::toBytes);
            } else if (object instanceof Object[]) {
                for (int i = 0; i < Array.getLength(object); i++) {
                    addTo(open, Array.get(object, i));
                }
            } else if (object.getClass().getName().startsWith("dev.securesession.")) {
                for (Class<?> type = object.getClass(); type != Object.class; type = type.getSuperclass()) {
                    addFields(open, type, object);
                }
            }
        }
        return found;
    }

    private static void addFields(Deque<Object> open, Class<?> type, Object object) throws IllegalAccessException {
        if (!type.getName().startsWith("dev.securesession.")) {
            return;
        }
        for (Field field : type.getDeclaredFields()) {
            if (!Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()) {
                field.setAccessible(true);
                addTo(open, field.get(object));
            }
        }
    }

    private static void addTo(Deque<Object> open, Object object) {
        if (object != null) {
            open.add(object);
        }
    }
}
