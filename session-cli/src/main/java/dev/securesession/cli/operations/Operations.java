package dev.securesession.cli.operations;

import dev.securesession.SecureSessionException;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.tunnel.Tunnel;
import dev.securesession.tunnel.TunnelAddress;
import dev.securesession.tunnel.TunnelConnection;
import dev.securesession.tunnel.TunnelEnd;
import dev.securesession.tunnel.TunnelListener;
import dev.securesession.tunnel.TunnelRefusal;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The operation of the tunnels of one process: their log, metrics and status, reloads, and the end.
 *
 * <p>Safe for use by several threads, but for {@link #run}, which is called once.
 */
public final class Operations implements AutoCloseable {
    private final EventLog log;
    private final boolean quiet;
    private final ServiceManager manager;
    private final List<RunningTunnel> tunnels = new CopyOnWriteArrayList<>();
    /** Null without a port for them: most of their classes are not even loaded then. */
    private final @Nullable ProcessMetrics metrics;

    private final @Nullable LocalHttp http;
    private final @Nullable StatusSocket status;
    private volatile boolean hangup;
    private volatile boolean stopping;

    Operations(
            EventLog log,
            OperationsOptions.Choice quiet,
            ServiceManager manager,
            @Nullable InetSocketAddress metricsAddress,
            @Nullable Path statusPath)
            throws Failure {
        this.log = log;
        this.quiet = quiet == OperationsOptions.Choice.ERRORS_ONLY;
        this.manager = manager;
        ProcessMetrics numbers = metricsAddress == null ? null : new ProcessMetrics();
        this.metrics = numbers;
        this.status = statusPath == null
                ? null
                : StatusSocket.listen(statusPath, () -> StatusReport.json(tunnels), () -> StatusReport.table(tunnels));
        LocalHttp started = null;
        try {
            started = metricsAddress == null || numbers == null
                    ? null
                    : LocalHttp.start(metricsAddress, numbers::scrape, () -> !stopping);
        } finally {
            if (started == null && metricsAddress != null && status != null) {
                status.close();
            }
        }
        this.http = started;
        if (started != null) {
            boolean local = started.address().getAddress().isLoopbackAddress();
            info("metrics", "metrics on http://" + TunnelAddress.describe(started.address()) + "/metrics");
            if (!local) {
                log.warn(
                        "metrics-open",
                        "other machines can read the metrics, without a password; use a loopback address if they should not");
            }
        }
    }

    /** Returns the log. */
    public EventLog log() {
        return log;
    }

    /** Logs an event of the program, unless only errors are wanted. */
    public void info(String event, String sentence) {
        if (!quiet) {
            log.info(event, sentence);
        }
    }

    /** Returns what counts and logs the connections of a tunnel. */
    public TunnelListener listener(String tunnel) {
        return new Listener(tunnel, metrics == null ? null : metrics.tunnel(tunnel));
    }

    /** Adds a tunnel that runs. */
    public void add(RunningTunnel tunnel) {
        tunnels.add(tunnel);
    }

    /** Warns if programs reach or are reached over a Unix-domain socket. */
    public void warnIfUnix(String where, TunnelAddress address) {
        if (address.toString().startsWith("unix:")) {
            log.warn(
                    "unix-socket",
                    where + ": a Unix-domain socket cannot be reset; to its program, a connection that was cut off"
                            + " looks like one that has ended");
        }
    }

    /** Warns if programs on other machines can use a proxy. */
    public void warnIfOpen(String where, Tunnel proxy) {
        if (proxy.address() instanceof InetSocketAddress inet
                && !inet.getAddress().isLoopbackAddress()) {
            log.warn(
                    "proxy-open",
                    where
                            + ": whoever connects from another machine uses the identity of this proxy; listen on a loopback"
                            + " address or a Unix-domain socket if they should not");
        }
    }

    /** Removes a tunnel, and closes it on a thread of its own, which says when it is closed. */
    public void remove(RunningTunnel tunnel, Duration drain, Runnable closed) {
        tunnels.remove(tunnel);
        Thread thread = new Thread(
                () -> {
                    try {
                        tunnel.close(drain);
                    } finally {
                        closed.run();
                    }
                },
                "drain " + tunnel.name());
        thread.setDaemon(true);
        thread.start();
    }

    /** Returns the tunnels that run. */
    public Collection<RunningTunnel> tunnels() {
        return List.copyOf(tunnels);
    }

    /** What can be read again while tunnels run. */
    public interface Reloadable {
        /** Returns the files whose changes cause a reload. */
        Collection<Path> files() throws Failure;

        /**
         * Reads everything again, and applies it if all of it is right.
         *
         * @return what is in force now and what has changed, in a few words
         */
        String reload() throws IOException, Failure, SecureSessionException;
    }

    /** Joins what is in force now with what has changed. */
    public static String reloaded(String now, List<String> changes) {
        return now + "; " + (changes.isEmpty() ? "nothing changed" : String.join("; ", changes));
    }

    /**
     * Reports that the tunnels are ready, and reloads when files change and at SIGHUP, until the process is asked to stop by
     * SIGTERM or Ctrl-C; drains the tunnels then.
     */
    public void run(Reloadable reloadable, String ready, Duration drain) throws Failure, InterruptedException {
        WatchedFiles watched = new WatchedFiles(reloadable.files());
        Thread looking = Thread.currentThread();
        Hangup.onSignal(() -> {
            hangup = true;
            LockSupport.unpark(looking);
        });
        Thread hook = new Thread(() -> stop(drain), "drain");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            manager.ready(ready);
            // Why the files are to be read again; null if they are not.
            String due = null;
            while (!Thread.currentThread().isInterrupted()) {
                LockSupport.parkNanos(LOOK.toNanos());
                try {
                    log.tick();
                    if (watched.haveChanged()) {
                        due = "a file changed";
                    }
                    if (hangup) {
                        hangup = false;
                        due = "SIGHUP";
                    }
                    if (due != null && !stopping) {
                        // The state before the files are read: a change that comes later causes another reload.
                        watched.watch(reloadable.files());
                        reload(reloadable, due, ready);
                        watched.add(reloadable.files());
                        due = null;
                    }
                } catch (RuntimeException | Error e) {
                    // Of a full heap most likely, which is not full for ever.
                    warnOfStep(e);
                }
            }
            throw new InterruptedException("the thread that runs the tunnels was interrupted");
        } finally {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The process ends.
            }
        }
    }

    /** Logs a step that failed and is taken again, if memory is enough for that. */
    private void warnOfStep(Throwable failure) {
        try {
            log.warn("reload-delayed", "cannot look at the files now, and tries again: " + Errors.sentence(failure));
        } catch (RuntimeException | Error e) {
            // Nothing can be said at this moment.
        }
    }

    private void reload(Reloadable reloadable, String why, String ready) {
        manager.reloading();
        try {
            String now = reloadable.reload();
            if (metrics != null) {
                metrics.reloadApplied();
            }
            info("reloaded", "reloaded (" + why + "): " + now);
        } catch (IOException | Failure | SecureSessionException | RuntimeException | Error e) {
            // An error is that of a full heap most likely: the tunnels run on without what was read.
            if (metrics != null) {
                metrics.reloadRefused();
            }
            log.warn(
                    "reload-refused",
                    "reload refused (" + why + "), the earlier state stays in force: " + Errors.sentence(e));
        }
        manager.ready(ready);
    }

    private void stop(Duration drain) {
        stopping = true;
        manager.stopping();
        int open =
                tunnels.stream().mapToInt(tunnel -> tunnel.connections().size()).sum();
        if (open > 0) {
            info(
                    "stopping",
                    "stopping; waiting up to " + drain.toSeconds() + " s for " + open
                            + (open == 1 ? " connection" : " connections"));
        }
        CountDownLatch closed = new CountDownLatch(tunnels.size());
        for (RunningTunnel tunnel : tunnels) {
            Thread thread = new Thread(
                    () -> {
                        try {
                            tunnel.close(drain);
                        } finally {
                            closed.countDown();
                        }
                    },
                    "drain " + tunnel.name());
            thread.setDaemon(true);
            thread.start();
        }
        try {
            if (!closed.await(drain.plus(CLOSING).toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("stopped", "a tunnel did not close in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close();
        // Stopping a service is no failure; without this the status would be that of the signal.
        Runtime.getRuntime().halt(0);
    }

    /** Ends metrics and status, and the log when everything is written, or nobody has read it for a few seconds. */
    @Override
    public void close() {
        if (status != null) {
            status.close();
        }
        if (http != null) {
            http.close();
        }
        log.close();
    }

    private final class Listener implements TunnelListener {
        private final String tunnel;
        private final @Nullable TunnelMetrics numbers;

        Listener(String tunnel, @Nullable TunnelMetrics numbers) {
            this.tunnel = tunnel;
            this.numbers = numbers;
        }

        @Override
        public void opened(TunnelConnection connection) {
            if (numbers != null) {
                numbers.opened(connection);
            }
        }

        @Override
        public void closed(TunnelConnection connection, TunnelEnd end) {
            if (numbers != null) {
                numbers.closed(connection, end);
            }
            if (!quiet) {
                log.closed(new EventLog.Ended(
                        tunnel,
                        connection.peer(),
                        connection.remote().map(TunnelAddress::describe).orElse("?"),
                        connection.sessionId().orElse(""),
                        connection.number(),
                        connection.target(),
                        connection.bytesToTarget(),
                        connection.bytesFromTarget(),
                        connection.duration(),
                        end.complete(),
                        end.reason()));
            }
        }

        @Override
        public void refused(TunnelRefusal refusal) {
            if (numbers != null) {
                numbers.refused(refusal.reason());
            }
            if (!quiet) {
                log.refused(new EventLog.Refused(
                        tunnel,
                        TunnelAddress.describe(refusal.remote()),
                        refusal.sessionId().orElse(""),
                        TunnelMetrics.label(refusal.reason()),
                        Errors.sentence(refusal.cause())));
            }
        }
    }

    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration CLOSING = Duration.ofSeconds(5);
}
