package dev.securesession.examples.kotlin

import dev.securesession.IdentityKeyPair
import dev.securesession.LocalIdentity
import dev.securesession.PeerDirectory
import dev.securesession.PeerId
import dev.securesession.SessionConfig
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.channels.AsynchronousServerSocketChannel
import java.nio.channels.AsynchronousSocketChannel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.withTimeout

private const val HANDSHAKE_MILLIS = 10_000L

/** Greets each client by its name, until the coroutine is cancelled; that ends all connections. */
public suspend fun greet(server: AsynchronousServerSocketChannel, config: SessionConfig): Unit = supervisorScope {
    while (true) {
        val channel = await<AsynchronousSocketChannel>(server) { server.accept(Unit, it) }
        launch {
            withTimeout(HANDSHAKE_MILLIS) { SuspendingConnection.accept(channel, config) }.use { connection ->
                while (true) {
                    val greeting = connection.receive() ?: break
                    connection.send("${greeting.decodeToString()}, ${connection.peer}".encodeToByteArray())
                }
            }
        }
    }
}

/** A server and two clients, in one program. */
public fun main(): Unit = runBlocking {
    val serverId = PeerId.ofUtf8("server")
    val serverKeys = IdentityKeyPair.generate()
    val clients = listOf("Ada", "Grace").associate { PeerId.ofUtf8(it) to IdentityKeyPair.generate() }
    val directory = PeerDirectory { peer -> listOfNotNull(clients[peer]?.publicKey()) }
    val serverConfig = SessionConfig.of(LocalIdentity.of(serverId, serverKeys.privateKey()), directory)

    AsynchronousServerSocketChannel.open().use { server ->
        server.bind(InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        val greeter = launch { greet(server, serverConfig) }
        for ((id, keys) in clients) {
            val config = SessionConfig.of(
                LocalIdentity.of(id, keys.privateKey()),
                PeerDirectory.of(serverId, serverKeys.publicKey()),
            )
            SuspendingConnection.connect(server.localAddress, config, serverId).use { connection ->
                connection.send("hello".encodeToByteArray())
                println(connection.receive()?.decodeToString())
            }
        }
        greeter.cancel()
    }
}
