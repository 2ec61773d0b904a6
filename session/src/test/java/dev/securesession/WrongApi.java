package dev.securesession;

import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.Secret;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Public types that show internal ones in each possible place, for the test that the rule finds them. */
@SuppressWarnings("exports")
public final class WrongApi {
    private WrongApi() {}

    public static final class ShowsItsParameter {
        public ShowsItsParameter(List<Secret> secrets) {}
    }

    public static final class ShowsItsResult {
        public Optional<Secret[]> secrets() {
            return Optional.empty();
        }
    }

    public abstract static class ShowsItsField {
        protected Secret secret = Secret.copyOf(new byte[0]);
    }

    public interface ShowsItsException {
        void read() throws MalformedException;
    }

    public interface ShowsItsSupertype extends Supplier<Secret> {}

    public interface ShowsItsBound<T extends Secret> {}
}
