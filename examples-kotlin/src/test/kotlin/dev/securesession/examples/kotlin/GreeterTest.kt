package dev.securesession.examples.kotlin

import dev.securesession.HandshakeException
import dev.securesession.IdentityKeyPair
import dev.securesession.LocalIdentity
import dev.securesession.PeerDirectory
import dev.securesession.PeerId
import dev.securesession.SessionConfig
import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.channels.AsynchronousServerSocketChannel
import java.nio.channels.AsynchronousSocketChannel
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.assertThrows

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class GreeterTest {
    private val serverId = PeerId.ofUtf8("server")
    private val clientId = PeerId.ofUtf8("client")
    private val serverKeys = IdentityKeyPair.generate()
    private val clientKeys = IdentityKeyPair.generate()
    private val serverConfig = SessionConfig.of(
        LocalIdentity.of(serverId, serverKeys.privateKey()),
        PeerDirectory.of(clientId, clientKeys.publicKey()),
    )
    private val clientConfig = SessionConfig.of(
        LocalIdentity.of(clientId, clientKeys.privateKey()),
        PeerDirectory.of(serverId, serverKeys.publicKey()),
    )

    @Test
    fun `the program greets everyone by name`() {
        val output = ByteArrayOutputStream()
        val before = System.out
        System.setOut(PrintStream(output, true, Charsets.UTF_8))
        try {
            main()
        } finally {
            System.setOut(before)
        }

        assertThat(output.toString(Charsets.UTF_8).lines().filter { it.isNotEmpty() })
            .containsExactly("hello, \"Ada\"", "hello, \"Grace\"")
    }

    @Test
    fun `many connections share one thread`() = withServer { server ->
        val greeter = launch { greet(server, serverConfig) }
        val answers = (1..20).map { number ->
            async {
                SuspendingConnection.connect(server.localAddress, clientConfig, serverId).use { connection ->
                    connection.send("number $number".encodeToByteArray())
                    connection.receive()?.decodeToString()
                }
            }
        }.awaitAll()

        assertThat(answers).isEqualTo((1..20).map { "number $it, \"client\"" })
        greeter.cancelAndJoin()
    }

    @Test
    fun `a large payload arrives whole`() = withServer { server ->
        val payload = ByteArray(1_000_000) { it.toByte() }
        val sender = launch { accept(server).use { it.send(payload) } }

        SuspendingConnection.connect(server.localAddress, clientConfig, serverId).use { connection ->
            assertThat(connection.receive()).isEqualTo(payload)
            assertThat(connection.receive()).isNull()
        }
        sender.join()
    }

    @Test
    fun `cancelling a receive ends it at once and closes the connection`() = withServer { server ->
        val peer = async { accept(server) }
        val client = SuspendingConnection.connect(server.localAddress, clientConfig, serverId)
        val waiting = CompletableDeferred<Unit>()
        val receiver = launch {
            client.use {
                waiting.complete(Unit)
                it.receive()
            }
        }
        waiting.await()

        withTimeout(10_000) { receiver.cancelAndJoin() }

        assertThat(receiver.isCancelled).isTrue()
        peer.await().use { assertThat(it.receive()).isNull() }
    }

    @Test
    fun `cancelling the server ends its connections`() = withServer { server ->
        val greeter = launch { greet(server, serverConfig) }
        SuspendingConnection.connect(server.localAddress, clientConfig, serverId).use { connection ->
            connection.send("hello".encodeToByteArray())
            connection.receive()

            withTimeout(10_000) { greeter.cancelAndJoin() }

            assertThat(connection.receive()).isNull()
        }
    }

    @Test
    fun `a handshake with silence can be given up`() = withServer { server ->
        val failure = runCatching {
            withTimeout(100) { SuspendingConnection.connect(server.localAddress, clientConfig, serverId) }
        }.exceptionOrNull()

        assertThat(failure).isInstanceOf(CancellationException::class.java)
    }

    @Test
    fun `another server is refused`(): Unit = withServer { server ->
        val other = SessionConfig.of(
            LocalIdentity.of(serverId, IdentityKeyPair.generate().privateKey()),
            PeerDirectory.of(clientId, clientKeys.publicKey()),
        )
        val greeter = launch { greet(server, other) }

        val failure = assertThrows<HandshakeException> {
            SuspendingConnection.connect(server.localAddress, clientConfig, serverId)
        }

        assertThat(failure.reason()).isEqualTo(HandshakeException.Reason.BAD_SIGNATURE)
        greeter.cancelAndJoin()
    }

    private suspend fun accept(server: AsynchronousServerSocketChannel): SuspendingConnection =
        SuspendingConnection.accept(await<AsynchronousSocketChannel>(server) { server.accept(Unit, it) }, serverConfig)

    private fun withServer(test: suspend CoroutineScope.(AsynchronousServerSocketChannel) -> Unit): Unit = runBlocking {
        AsynchronousServerSocketChannel.open().use { server ->
            server.bind(InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            test(server)
        }
    }
}
