package dev.securesession.tunnel;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Looks up the names of hosts on threads of its own: a slow resolver holds up only connections that wait for names. Up to 8
 * names are looked up at a time; others wait for their turn. Connections that need the same name at the same time share one
 * lookup. Safe for use by several threads.
 */
final class Names {
    /** The resolver; blocks until it has an answer. */
    interface Resolver {
        InetAddress find(String host) throws UnknownHostException;
    }

    private final Resolver resolver;
    private final Duration timeout;
    private final ThreadPoolExecutor threads;
    private final Map<String, CompletableFuture<InetAddress>> running = new ConcurrentHashMap<>();

    /**
     * @param timeout how long a connection waits for an answer; the lookup itself goes on, since nothing can end it
     */
    Names(Resolver resolver, Duration timeout) {
        this.resolver = resolver;
        this.timeout = timeout;
        this.threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MAX_QUEUED),
                new DefaultThreadFactory("tunnel-names", true));
        threads.allowCoreThreadTimeOut(true);
    }

    /** Returns the address of a socket, at once if it has no name; the listeners of the future run on the event loop. */
    Future<SocketAddress> resolve(EventLoop loop, TunnelAddress address) {
        SocketAddress withoutLookup = address.withoutLookup();
        if (withoutLookup != null) {
            return loop.newSucceededFuture(withoutLookup);
        }
        Promise<SocketAddress> promise = loop.newPromise();
        CompletableFuture<InetAddress> lookup;
        try {
            lookup = running.computeIfAbsent(address.host(), this::begin);
        } catch (RejectedExecutionException e) {
            return promise.setFailure(new UnknownHostException("too many names are being looked up"));
        }
        Future<?> deadline = loop.schedule(
                () -> promise.tryFailure(new SocketTimeoutException(
                        "no answer for the name " + address.host() + " within " + timeout.toMillis() + " ms")),
                timeout.toNanos(),
                TimeUnit.NANOSECONDS);
        promise.addListener(done -> deadline.cancel(false));
        lookup.whenComplete((found, failure) -> answer(loop, promise, address, found, failure));
        return promise;
    }

    private CompletableFuture<InetAddress> begin(String host) {
        CompletableFuture<InetAddress> lookup = new CompletableFuture<>();
        threads.execute(() -> {
            try {
                InetAddress found = resolver.find(host);
                // Whoever asks from here on asks again: the JDK keeps answers for as long as its user wishes.
                running.remove(host);
                lookup.complete(found);
            } catch (UnknownHostException | RuntimeException | Error e) {
                running.remove(host);
                lookup.completeExceptionally(e);
                if (e instanceof Error error) {
                    throw error;
                }
            }
        });
        return lookup;
    }

    private static void answer(
            EventLoop loop,
            Promise<SocketAddress> promise,
            TunnelAddress address,
            @Nullable InetAddress found,
            @Nullable Throwable failure) {
        try {
            loop.execute(() -> {
                if (found != null) {
                    promise.trySuccess(new InetSocketAddress(found, address.port()));
                } else if (failure instanceof UnknownHostException) {
                    promise.tryFailure(TunnelAddress.unknownHost(address.host()));
                } else {
                    promise.tryFailure(failure);
                }
            });
        } catch (RejectedExecutionException e) {
            // The tunnel was closed meanwhile.
        }
    }

    void shutdownNow() {
        threads.shutdownNow();
    }

    private static final int THREADS = 8;
    private static final int MAX_QUEUED = 1000;
    private static final int IDLE_SECONDS = 30;
}
