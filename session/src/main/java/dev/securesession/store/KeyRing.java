package dev.securesession.store;

import dev.securesession.StateKey;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The keys that seal stored states: the current one, and earlier ones for reading only. Each has a name, which is stored with
 * what it sealed.
 *
 * <pre>{@code
 * KeyRing keys = KeyRing.of("2026-10", october).withCurrent("2026-11", november);
 * }</pre>
 *
 * <p>Instances are immutable and safe for use by several threads. The keys stay the caller's to destroy.
 */
public final class KeyRing {
    private final String currentName;
    private final Map<String, StateKey> keys;

    private KeyRing(String currentName, Map<String, StateKey> keys) {
        this.currentName = currentName;
        this.keys = keys;
    }

    /**
     * Returns a ring with one key.
     *
     * @param name 1 to 64 of the characters a to z, 0 to 9, hyphen and underscore; not a secret
     * @param key seals and reads
     * @return the ring
     * @throws IllegalArgumentException if the name has other characters or another length
     */
    public static KeyRing of(String name, StateKey key) {
        return new KeyRing(SessionRecord.requireName(name, "a key"), Map.of(name, key));
    }

    /**
     * Returns a copy with a new current key. The others stay for reading.
     *
     * @param name a new name, as in {@link #of}
     * @param key seals from now on
     * @return the copy
     * @throws IllegalArgumentException if the name has other characters or another length, or another key has it
     */
    public KeyRing withCurrent(String name, StateKey key) {
        if (keys.containsKey(name)) {
            throw new IllegalArgumentException("a second key named " + name + "; give each key a name of its own");
        }
        Map<String, StateKey> more = new LinkedHashMap<>(keys);
        more.put(SessionRecord.requireName(name, "a key"), key);
        return new KeyRing(name, more);
    }

    /**
     * Returns a copy without an earlier key: what it sealed is refused from now on. Call {@link StoredSessions#rotate} until
     * it finds nothing before a key is taken out.
     *
     * @param name the name of an earlier key
     * @return the copy
     * @throws IllegalArgumentException if it is the name of the current key, or of none
     */
    public KeyRing without(String name) {
        if (name.equals(currentName) || !keys.containsKey(name)) {
            throw new IllegalArgumentException(
                    name + (keys.containsKey(name) ? " is the current key" : " is no key of this ring")
                            + "; only earlier keys can be taken out");
        }
        Map<String, StateKey> fewer = new LinkedHashMap<>(keys);
        fewer.remove(name);
        return new KeyRing(currentName, fewer);
    }

    /**
     * Returns the name of the key that seals.
     *
     * @return the name
     */
    public String currentName() {
        return currentName;
    }

    /** Returns the key that seals. */
    StateKey current() {
        return find(currentName).orElseThrow(AssertionError::new);
    }

    /**
     * Returns a key by its name.
     *
     * @param name the name that is stored with a state
     * @return the key, or empty if the ring does not have it
     */
    public Optional<StateKey> find(String name) {
        return Optional.ofNullable(keys.get(name));
    }

    @Override
    public String toString() {
        return "key ring of " + keys.size() + " keys, current " + currentName;
    }
}
