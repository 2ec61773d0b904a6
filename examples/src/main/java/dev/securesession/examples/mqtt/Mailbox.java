package dev.securesession.examples.mqtt;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.paho.mqttv5.client.IMqttToken;
import org.eclipse.paho.mqttv5.client.MqttCallback;
import org.eclipse.paho.mqttv5.client.MqttClient;
import org.eclipse.paho.mqttv5.client.MqttDisconnectResponse;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.eclipse.paho.mqttv5.common.MqttMessage;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;

/** Messages from one topic and to another one of a broker, which may lose, double and reorder them. */
final class Mailbox implements AutoCloseable, MqttCallback {
    private final MqttClient client;
    private final String outbox;
    private final BlockingQueue<byte[]> received = new ArrayBlockingQueue<>(1000);

    Mailbox(String broker, String inbox, String outbox) throws MqttException {
        this.outbox = outbox;
        this.client = new MqttClient(broker, "", new MemoryPersistence());
        client.setCallback(this);
        client.connect();
        client.subscribe(inbox, 0);
    }

    void send(byte[] message) throws MqttException {
        client.publish(outbox, message, 0, false);
    }

    Optional<byte[]> receive(Duration timeout) throws InterruptedException {
        return Optional.ofNullable(received.poll(timeout.toMillis(), TimeUnit.MILLISECONDS));
    }

    @Override
    public void messageArrived(String topic, MqttMessage message) {
        // A flood fills the queue and no more; what does not fit is lost, like anything on the way.
        boolean unused = received.offer(message.getPayload());
    }

    @Override
    public void close() throws MqttException {
        client.disconnect();
        client.close();
    }

    @Override
    public void disconnected(MqttDisconnectResponse response) {}

    @Override
    public void mqttErrorOccurred(MqttException exception) {}

    @Override
    public void deliveryComplete(IMqttToken token) {}

    @Override
    public void connectComplete(boolean reconnect, String serverUri) {}

    @Override
    public void authPacketArrived(int reasonCode, MqttProperties properties) {}
}
