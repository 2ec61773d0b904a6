package dev.securesession.examples.mqtt;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.paho.mqttv5.common.MqttException;

/** Carries messages from one topic to another and drops, doubles, delays, changes and makes up some. */
final class HostileRelay implements AutoCloseable {
    private final Mailbox mailbox;
    private final Random random;
    private final List<byte[]> delayed = new ArrayList<>();
    private final Thread thread;

    private final AtomicInteger faults = new AtomicInteger();
    private volatile boolean closed;

    HostileRelay(String broker, String from, String to, long seed) throws Exception {
        mailbox = new Mailbox(broker, from, to);
        random = new Random(seed);
        thread = new Thread(this::relay, "relay to " + to);
        thread.start();
    }

    int faults() {
        return faults.get();
    }

    private void relay() {
        try {
            while (!closed) {
                Optional<byte[]> message = mailbox.receive(Duration.ofMillis(20));
                if (message.isPresent()) {
                    carry(message.get());
                }
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void carry(byte[] message) throws Exception {
        int fault = random.nextInt(10);
        if (fault < 5) {
            faults.incrementAndGet();
        }
        switch (fault) {
            case 0 -> {}
            case 1 -> {
                mailbox.send(message);
                mailbox.send(message);
            }
            case 2 -> delayed.add(message);
            case 3 -> {
                byte[] changed = message.clone();
                changed[random.nextInt(changed.length)] ^= 1;
                mailbox.send(changed);
            }
            case 4 -> {
                byte[] junk = new byte[random.nextInt(200)];
                random.nextBytes(junk);
                mailbox.send(junk);
                mailbox.send(message);
            }
            default -> {
                mailbox.send(message);
                for (byte[] late : delayed) {
                    mailbox.send(late);
                }
                delayed.clear();
            }
        }
    }

    @Override
    public void close() throws MqttException {
        closed = true;
        try {
            thread.join(10_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        mailbox.close();
    }
}
