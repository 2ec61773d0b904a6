package dev.securesession.testkit;

import dev.securesession.Delivery;
import dev.securesession.transport.Transport;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;

/**
 * A transport that mistreats what is sent through it, as told: it drops messages, doubles them, lets others overtake them,
 * damages them, or ends the connection. What is received goes through as it is; wrap the other end as well to mistreat
 * both directions.
 *
 * <pre>{@code
 * Transport lossy = FaultyTransport.of(transport, number -> number == 5 ? Fault.drop() : Fault.none());
 * Transport wild = FaultyTransport.of(transport, FaultyTransport.seeded(seed, 2, Fault.none(), Fault.delay(3)));
 * }</pre>
 *
 * <p>One thread may send while another receives.
 */
public final class FaultyTransport implements Transport {
    private final Transport transport;
    private final IntFunction<Fault> faults;
    private final List<Held> held = new ArrayList<>();
    private int sent;

    private FaultyTransport(Transport transport, IntFunction<Fault> faults) {
        this.transport = transport;
        this.faults = faults;
    }

    /**
     * Returns a transport that does to each message what a function says.
     *
     * @param transport moves the messages; closed with this one
     * @param faults is asked once for each message that is sent, by its number: 0, 1, 2 and so on
     * @return the transport
     */
    public static FaultyTransport of(Transport transport, IntFunction<Fault> faults) {
        return new FaultyTransport(transport, faults);
    }

    /**
     * Returns faults that are drawn by lot, the same ones for the same seed.
     *
     * @param seed says which; print it, so that the test can be run again
     * @param from the number of the first message that is mistreated: a side of a handshake sends 0 and 1
     * @param choice what is drawn from; name {@link Fault#none()} several times to let more through
     * @return the faults, for one transport
     */
    public static IntFunction<Fault> seeded(long seed, int from, Fault... choice) {
        Random random = new Random(seed);
        List<Fault> faults = List.of(choice);
        return number -> number < from ? Fault.none() : faults.get(random.nextInt(faults.size()));
    }

    @Override
    public synchronized void send(byte[] message) throws IOException {
        Fault fault = faults.apply(sent++);
        if (fault.isCut) {
            transport.close();
            throw new SocketException("cut off at message " + (sent - 1));
        }
        for (int copy = 0; copy < fault.copies; copy++) {
            transport.send(fault.change.apply(message.clone()));
        }
        // Before this message is held itself: it is overtaken by those that follow.
        releaseDue();
        if (fault.delay > 0) {
            held.add(new Held(message.clone(), fault.delay));
        }
    }

    /**
     * Sends what is still held back, oldest first.
     *
     * @throws IOException if it cannot be sent
     */
    public synchronized void flush() throws IOException {
        for (Held late : held) {
            transport.send(late.message);
        }
        held.clear();
    }

    @Override
    public Optional<byte[]> receive(int longest, Duration timeout) throws IOException {
        return transport.receive(longest, timeout);
    }

    @Override
    public Delivery delivery() {
        return transport.delivery();
    }

    /** Ends the connection; messages that are still held back are lost. */
    @Override
    public void close() throws IOException {
        transport.close();
    }

    private void releaseDue() throws IOException {
        List<Held> due = new ArrayList<>();
        for (Held late : held) {
            late.toOvertake--;
            if (late.toOvertake == 0) {
                due.add(late);
            }
        }
        held.removeAll(due);
        for (Held late : due) {
            transport.send(late.message);
        }
    }

    /** A message that others are to overtake. */
    private static final class Held {
        final byte[] message;
        int toOvertake;

        Held(byte[] message, int toOvertake) {
            this.message = message;
            this.toOvertake = toOvertake;
        }
    }

    /** What becomes of a message. Immutable, and safe for use by several threads if what changes messages is. */
    public static final class Fault {
        private static final UnaryOperator<byte[]> AS_IT_IS = UnaryOperator.identity();
        private static final Fault NONE = new Fault(1, 0, false, AS_IT_IS);
        private static final Fault DROP = new Fault(0, 0, false, AS_IT_IS);
        private static final Fault DUPLICATE = new Fault(2, 0, false, AS_IT_IS);
        private static final Fault CUT = new Fault(0, 0, true, AS_IT_IS);

        private final int copies;
        private final int delay;
        private final boolean isCut;
        private final UnaryOperator<byte[]> change;

        private Fault(int copies, int delay, boolean isCut, UnaryOperator<byte[]> change) {
            this.copies = copies;
            this.delay = delay;
            this.isCut = isCut;
            this.change = change;
        }

        /**
         * Lets the message through as it is.
         *
         * @return no fault
         */
        public static Fault none() {
            return NONE;
        }

        /**
         * Loses the message.
         *
         * @return the fault
         */
        public static Fault drop() {
            return DROP;
        }

        /**
         * Sends the message twice.
         *
         * @return the fault
         */
        public static Fault duplicate() {
            return DUPLICATE;
        }

        /**
         * Holds the message back until others have been sent, or lost, after it.
         *
         * @param messages how many overtake it, 1 or more; 1 swaps it with the next
         * @return the fault
         */
        public static Fault delay(int messages) {
            if (messages < 1) {
                throw new IllegalArgumentException("a delay of " + messages + " messages; it must be 1 or more");
            }
            return new Fault(0, messages, false, AS_IT_IS);
        }

        /**
         * Sends something else in place of the message.
         *
         * @param change makes it from the message, which it may overwrite
         * @return the fault
         */
        public static Fault change(UnaryOperator<byte[]> change) {
            return new Fault(1, 0, false, change);
        }

        /**
         * Sends the message with one bit wrong. In a wrapped message nobody notices that in bits 128 to 159, which are
         * unused.
         *
         * @param bit which one, counted from the first byte's lowest; beyond the end, counting goes on at the beginning,
         *     and negative ones count from the end
         * @return the fault
         */
        public static Fault flip(int bit) {
            return change(message -> {
                int at = Math.floorMod(bit, message.length * Byte.SIZE);
                message[at / Byte.SIZE] ^= (byte) (1 << at % Byte.SIZE);
                return message;
            });
        }

        /**
         * Tells whether the message that is sent may be another than the one that should be.
         *
         * @return true for {@link #change} and {@link #flip}
         */
        public boolean isDamage() {
            return change != AS_IT_IS;
        }

        /**
         * Ends the connection in place of sending the message, which fails.
         *
         * @return the fault
         */
        public static Fault cut() {
            return CUT;
        }
    }
}
