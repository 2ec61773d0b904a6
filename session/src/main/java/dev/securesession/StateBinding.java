package dev.securesession;

import java.nio.charset.StandardCharsets;

/**
 * What a saved state belongs to: it opens only with the owner and the generation that it was sealed with.
 *
 * <p>Name the owner after the place where the state is stored, so that states cannot be swapped. Count the generation up
 * at each save and remember the last one where an attacker cannot reset it, so that an old state cannot be put back. A
 * binding is not a secret. Instances are immutable and safe for use by several threads.
 *
 * <p>PROTOCOL.md S-1, S-5, S-6.
 */
public final class StateBinding {
    private final String owner;
    private final long generation;

    private StateBinding(String owner, long generation) {
        this.owner = owner;
        this.generation = generation;
    }

    /**
     * Returns the binding to an owner and a generation.
     *
     * @param owner a name, for example the one that the state is stored under; 1 character or more
     * @param generation 0 or more
     * @return the binding
     * @throws IllegalArgumentException if the owner is empty or not well-formed text, or the generation is negative
     */
    public static StateBinding of(String owner, long generation) {
        if (owner.isEmpty()) {
            throw new IllegalArgumentException("a state binding without an owner; name what the state belongs to");
        }
        if (!owner.equals(new String(owner.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))) {
            throw new IllegalArgumentException(
                    "a state binding whose owner has an unpaired surrogate; it must be well-formed text");
        }
        if (generation < 0) {
            throw new IllegalArgumentException(
                    "a state binding of generation " + generation + "; it must be 0 or more");
        }
        return new StateBinding(owner, generation);
    }

    /**
     * Returns the binding of the next state of the same owner.
     *
     * @return a binding with the next generation
     */
    public StateBinding next() {
        return of(owner, Math.addExact(generation, 1));
    }

    /**
     * Returns the owner.
     *
     * @return the name
     */
    public String owner() {
        return owner;
    }

    /**
     * Returns the generation.
     *
     * @return 0 or more
     */
    public long generation() {
        return generation;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StateBinding that && owner.equals(that.owner) && generation == that.generation;
    }

    @Override
    public int hashCode() {
        return 31 * owner.hashCode() + Long.hashCode(generation);
    }

    @Override
    public String toString() {
        return "\"" + owner + "\", generation " + generation;
    }

    byte[] ownerBytes() {
        return owner.getBytes(StandardCharsets.UTF_8);
    }
}
