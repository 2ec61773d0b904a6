package dev.securesession.examples.mqtt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.examples.KeyFiles;
import dev.securesession.examples.Program;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class MqttTest {
    private static final String MISSING =
            "mosquitto was not found; install Debian's package mosquitto to run this test";

    @TempDir
    Path folder;

    private final AtomicReference<Mosquitto> broker = new AtomicReference<>();
    private Path readerKey;
    private Path thermometerKey;

    @BeforeEach
    void start() throws Exception {
        Optional<Path> program = Mosquitto.program();
        if (program.isEmpty()) {
            assertThat(System.getenv("SECURE_SESSION_REQUIRE_FOREIGN_PEERS"))
                    .as(MISSING)
                    .isNotEqualTo("true");
            System.out.println(MISSING);
            assumeTrue(false, MISSING);
        }
        broker.set(Mosquitto.start(program.orElseThrow(), folder));
        readerKey = KeyFiles.generate(folder, "reader.key");
        thermometerKey = KeyFiles.generate(folder, "thermometer.key");
    }

    @AfterEach
    void stop() {
        if (broker.get() != null) {
            broker.get().close();
        }
    }

    @Test
    void asksThroughTheBroker() throws Exception {
        try (Program thermometer = thermometer("to-thermometer", "to-reader");
                Program reader = reader("to-reader", "to-thermometer")) {
            reader.type("kitchen");
            assertThat(reader.nextLine()).isEqualTo("kitchen: 21 °C");
            reader.endInput();
            reader.awaitEnd();
            thermometer.type("");
            assertThat(thermometer.nextLine()).endsWith(" readings");
            thermometer.awaitEnd();
        }
    }

    /** The broker drops, doubles, delays, changes and makes up messages: each answer is that to its question. */
    @Test
    void getsEachAnswerToItsQuestionThroughAHostileBroker() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("hostile broker: seed " + seed);
        String uri = broker.get().uri();
        try (HostileRelay there = new HostileRelay(uri, "from-reader", "to-thermometer", seed);
                HostileRelay back = new HostileRelay(uri, "from-thermometer", "to-reader", seed + 1);
                Program thermometer = thermometer("to-thermometer", "from-thermometer");
                Program reader = reader("to-reader", "from-reader")) {
            for (int room = 0; room < 30; room++) {
                reader.type("room " + room);
                assertThat(answer(reader)).isEqualTo("room " + room + ": 21 °C");
            }
            reader.endInput();
            reader.awaitEnd();
            thermometer.type("");
            thermometer.awaitEnd();
            assertThat(there.faults() + back.faults()).as("faults").isPositive();
        }
    }

    /** What a program prints about dropped messages is for people. */
    private static String answer(Program reader) throws InterruptedException {
        String line = reader.nextLine();
        while (line.startsWith("dropped")) {
            line = reader.nextLine();
        }
        return line;
    }

    private Program thermometer(String inbox, String outbox) throws Exception {
        Program program =
                Program.start(Thermometer.class, broker.get().uri(), inbox, outbox, thermometerKey, readerKey + ".pub");
        assertThat(program.nextLine()).isEqualTo("ready");
        return program;
    }

    private Program reader(String inbox, String outbox) throws Exception {
        return Program.start(Reader.class, broker.get().uri(), inbox, outbox, readerKey, thermometerKey + ".pub");
    }
}
