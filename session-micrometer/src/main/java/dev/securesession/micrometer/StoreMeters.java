package dev.securesession.micrometer;

import dev.securesession.StateRejectedException.Reason;
import dev.securesession.store.StoreListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * Counts and times what happens to stored sessions, in a registry of Micrometer.
 *
 * <pre>{@code
 * StoreOptions options = StoreOptions.defaults().withListener(StoreMeters.in(registry));
 * }</pre>
 *
 * <p>All meters are registered at once, so that a dashboard shows 0 and not nothing. No meter carries the id of a session or of a
 * peer. Every instance with the same registry and tags counts into the same meters. Safe for use by several threads.
 *
 * <table>
 * <caption>The meters</caption>
 * <tr><th>name</th><th>kind</th><th>tag</th></tr>
 * <tr><td>{@code securesession.store.claimed}</td><td>counter</td><td></td></tr>
 * <tr><td>{@code securesession.store.lost}</td><td>counter</td><td></td></tr>
 * <tr><td>{@code securesession.store.refused}</td><td>counter</td><td>{@code reason}, of {@link Reason}</td></tr>
 * <tr><td>{@code securesession.store.commit}</td><td>timer</td><td></td></tr>
 * <tr><td>{@code securesession.store.commit.size}</td><td>summary, in sessions</td><td></td></tr>
 * <tr><td>{@code securesession.store.commit.failed}</td><td>counter, in sessions</td><td></td></tr>
 * </table>
 */
public final class StoreMeters implements StoreListener {
    private final Counter claimed;
    private final Counter lost;
    private final Map<Reason, Counter> refused = new EnumMap<>(Reason.class);
    private final Timer commit;
    private final DistributionSummary commitSize;
    private final Counter commitFailed;

    private StoreMeters(MeterRegistry registry, Tags tags) {
        claimed = Counter.builder("securesession.store.claimed")
                .description("Sessions that were claimed")
                .tags(tags)
                .register(registry);
        lost = Counter.builder("securesession.store.lost")
                .description("Claims that were lost to a newer owner, or because the session was deleted")
                .tags(tags)
                .register(registry);
        for (Reason reason : Reason.values()) {
            Counter counter = Counter.builder("securesession.store.refused")
                    .description("Sessions that were refused at a claim")
                    .tags(tags.and("reason", reason.name().toLowerCase(Locale.ROOT)))
                    .register(registry);
            refused.put(reason, counter);
        }
        commit = Timer.builder("securesession.store.commit")
                .description("How long the store took for the commits that succeeded")
                .tags(tags)
                .register(registry);
        commitSize = DistributionSummary.builder("securesession.store.commit.size")
                .description("How many sessions one commit covered")
                .baseUnit("sessions")
                .tags(tags)
                .register(registry);
        commitFailed = Counter.builder("securesession.store.commit.failed")
                .description("Sessions whose claims have ended because a commit failed")
                .baseUnit("sessions")
                .tags(tags)
                .register(registry);
    }

    /**
     * Registers the meters and returns the listener that feeds them.
     *
     * @param registry gets the meters and stays the caller's
     * @return the listener, for {@link dev.securesession.store.StoreOptions#withListener}
     * @throws IllegalArgumentException if the registry has a meter of another kind under one of the names
     */
    public static StoreMeters in(MeterRegistry registry) {
        return new StoreMeters(registry, Tags.empty());
    }

    /**
     * Registers the meters with tags and returns the listener that feeds them: for a process with several stores.
     *
     * @param registry gets the meters and stays the caller's
     * @param tags on each meter, for instance the name of the store; not {@code reason}
     * @return the listener, for {@link dev.securesession.store.StoreOptions#withListener}
     * @throws IllegalArgumentException if a tag has the key {@code reason}, or the registry has a meter of another kind under one
     *     of the names
     */
    public static StoreMeters in(MeterRegistry registry, Iterable<Tag> tags) {
        Tags all = Tags.of(tags);
        if (all.stream().anyMatch(tag -> tag.getKey().equals("reason"))) {
            throw new IllegalArgumentException("a tag with the key reason, which the refusals have; use another key");
        }
        return new StoreMeters(registry, all);
    }

    @Override
    public void claimed(String id) {
        claimed.increment();
    }

    @Override
    public void lost(String id) {
        lost.increment();
    }

    @Override
    public void refused(String id, Reason reason) {
        Counter counter = refused.get(reason);
        if (counter == null) {
            throw new AssertionError("a reason without a counter: " + reason);
        }
        counter.increment();
    }

    @Override
    public void committed(int sessions, Duration took) {
        commit.record(took);
        commitSize.record(sessions);
    }

    @Override
    public void commitFailed(int sessions) {
        commitFailed.increment(sessions);
    }

    /**
     * Describes the meters for people to read.
     *
     * @return the counts so far
     */
    @Override
    public String toString() {
        return "meters of stored sessions: " + (long) claimed.count() + " claimed, " + (long) lost.count() + " lost, "
                + commit.count() + " commits";
    }
}
