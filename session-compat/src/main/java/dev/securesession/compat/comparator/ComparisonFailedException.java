package dev.securesession.compat.comparator;

/** A message of the peer that is not accepted; says nothing about the reason, which could depend on the secret. */
public final class ComparisonFailedException extends Exception {
    private static final long serialVersionUID = 1;

    ComparisonFailedException() {
        super("the comparison failed: the message is not one that an honest peer sends now");
    }
}
