package dev.securesession.examples.cluster;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;

/** What clients have seen. Safe for use by several threads. */
final class Figures {
    final Queue<String> answered = new ConcurrentLinkedQueue<>();
    final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    final LongAdder answers = new LongAdder();
    final LongAdder withoutAnswer = new LongAdder();
    final LongAdder repetitions = new LongAdder();
    final LongAdder handshakesWithoutAnswer = new LongAdder();
    final LongAdder kills = new LongAdder();

    void answered(String operation) {
        answered.add(operation);
        answers.increment();
    }

    /** Counts a request without an answer: a killed node explains no answer and a repetition by the load balancer. */
    void withoutAnswer(int status) {
        switch (status) {
            case 400, 401, 403 -> wrong.add("a request was refused with status " + status);
            case 409 -> repetitions.increment();
            default -> withoutAnswer.increment();
        }
    }

    /** Returns the titles of the columns of {@link #row}. */
    static String titles() {
        return "second  nodes up  answers/s   answered  no answer  repeated  handshakes again  wrong  kills";
    }

    /** Returns the figures as one row of a table. */
    String row(int second, long nodes, long perSecond) {
        return "%6d  %8d  %9d  %9d  %9d  %8d  %16d  %5d  %5d"
                .formatted(
                        second,
                        nodes,
                        perSecond,
                        answers.sum(),
                        withoutAnswer.sum(),
                        repetitions.sum(),
                        handshakesWithoutAnswer.sum(),
                        wrong.size(),
                        kills.sum());
    }

    @Override
    public String toString() {
        return answers + " answered, " + withoutAnswer + " without an answer, " + repetitions
                + " refused as repetitions, " + handshakesWithoutAnswer + " handshakes begun again, " + wrong.size()
                + " wrong; " + kills + " kills";
    }
}
