package dev.securesession.examples.kotlin

import dev.securesession.PeerId
import dev.securesession.SessionConfig
import dev.securesession.transport.ConnectionOptions
import dev.securesession.transport.SecureEngine
import java.io.EOFException
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.channels.AsynchronousSocketChannel
import java.nio.channels.CompletionHandler
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Payloads over TCP by functions that suspend and block no thread. Cancelling one closes the connection, so that nothing
 * stays half sent. Belongs to one coroutine at a time.
 */
public class SuspendingConnection private constructor(
    private val channel: AsynchronousSocketChannel,
    private val engine: SecureEngine,
) : AutoCloseable {
    private val network: ByteBuffer = ByteBuffer.allocate(16 * 1024).limit(0)

    /** The authenticated peer. */
    public val peer: PeerId
        get() = engine.session().orElseThrow().peer()

    /** Sends one payload of 1 byte or more. */
    public suspend fun send(payload: ByteArray) {
        engine.send(ByteBuffer.wrap(payload))
        flush()
    }

    /** Returns the next payload, or null when the peer has ended the connection between two payloads. */
    public suspend fun receive(): ByteArray? {
        next(SecureEngine.Result.PAYLOAD) ?: return null
        return ByteArray(engine.payload().remaining()).also { engine.payload().get(it) }
    }

    private suspend fun next(expected: SecureEngine.Result): SecureEngine.Result? {
        while (true) {
            val result = engine.receive(network)
            flush()
            if (result == expected) return result
            if (!network.hasRemaining() && !engine.hasResult() && !read()) return null
        }
    }

    private suspend fun read(): Boolean {
        network.clear()
        val count: Int = await { channel.read(network, Unit, it) }
        network.flip()
        if (count < 0) engine.endOfInput()
        return count >= 0
    }

    private suspend fun flush() {
        while (engine.outgoing().hasRemaining()) {
            await<Int> { channel.write(engine.outgoing(), Unit, it) }
        }
    }

    private suspend fun <T> await(start: (CompletionHandler<T, Unit>) -> Unit): T = await(channel, start)

    override fun close() {
        engine.close()
        channel.close()
    }

    public companion object {
        /** Connects to a server and performs the handshake as the client. */
        public suspend fun connect(address: SocketAddress, config: SessionConfig, server: PeerId): SuspendingConnection {
            val channel = AsynchronousSocketChannel.open()
            val engine = SecureEngine.client(config, server, ConnectionOptions.defaults(), System.nanoTime())
            return open(SuspendingConnection(channel, engine)) {
                await<Void?>(channel) { channel.connect(address, Unit, it) }
            }
        }

        /** Performs the handshake as the server on an accepted channel, which belongs to the connection from now on. */
        public suspend fun accept(channel: AsynchronousSocketChannel, config: SessionConfig): SuspendingConnection {
            val engine = SecureEngine.server(config, ConnectionOptions.defaults(), System.nanoTime())
            return open(SuspendingConnection(channel, engine)) {}
        }

        private suspend fun open(connection: SuspendingConnection, first: suspend () -> Unit): SuspendingConnection {
            try {
                first()
                connection.flush()
                connection.next(SecureEngine.Result.ESTABLISHED) ?: throw EOFException("no handshake")
                return connection
            } catch (failure: Throwable) {
                connection.close()
                throw failure
            }
        }
    }
}

/** Suspends until an operation of a channel has completed; closes what it waits for if the coroutine is cancelled. */
internal suspend fun <T> await(channel: AutoCloseable, start: (CompletionHandler<T, Unit>) -> Unit): T =
    suspendCancellableCoroutine { continuation ->
        continuation.invokeOnCancellation { channel.close() }
        start(
            object : CompletionHandler<T, Unit> {
                override fun completed(result: T, attachment: Unit) = continuation.resume(result)

                override fun failed(cause: Throwable, attachment: Unit) = continuation.resumeWithException(cause)
            },
        )
    }
