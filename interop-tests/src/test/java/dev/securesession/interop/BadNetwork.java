package dev.securesession.interop;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * One direction of a network that loses, doubles and reorders datagrams, and keeps within what a Themis peer survives
 * (PROTOCOL.md, section 8.2): few are lost in a row, and few overtake a late one.
 */
final class BadNetwork implements UnaryOperator<List<byte[]>> {
    private static final int MAX_LOST_IN_A_ROW = 3;
    private static final int OVERTAKING = 3;

    private final Random random;
    private byte[] late;
    private int overtaken;
    private int lostInARow;

    int lost;
    int doubled;
    int reordered;

    BadNetwork(Random random) {
        this.random = random;
    }

    @Override
    public List<byte[]> apply(List<byte[]> sent) {
        List<byte[]> arriving = new ArrayList<>();
        for (byte[] datagram : sent) {
            send(datagram, arriving);
        }
        return arriving;
    }

    private void send(byte[] datagram, List<byte[]> arriving) {
        if (lostInARow < MAX_LOST_IN_A_ROW && random.nextDouble() < 0.2) {
            lostInARow++;
            lost++;
        } else if (late == null && random.nextDouble() < 0.15) {
            late = datagram;
            overtaken = 0;
            return;
        } else {
            lostInARow = 0;
            arriving.add(datagram);
            if (random.nextDouble() < 0.1) {
                doubled++;
                arriving.add(datagram);
            }
        }
        if (late != null) {
            overtaken++;
            if (overtaken == OVERTAKING) {
                reordered++;
                arriving.add(late);
                late = null;
            }
        }
    }
}
