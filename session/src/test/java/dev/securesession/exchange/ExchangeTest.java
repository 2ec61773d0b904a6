package dev.securesession.exchange;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.securesession.MessageRejectedException;
import dev.securesession.exchange.ExchangeException.Reason;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExchangeTest {
    private Pair.Sessions sessions;
    private Exchange client;
    private Exchange server;

    @BeforeEach
    void establish() throws Exception {
        sessions = Pair.create().establish();
        client = Exchange.over(sessions.client());
        server = Exchange.over(sessions.server());
    }

    @AfterEach
    void close() {
        sessions.close();
    }

    @Test
    @Rule(value = "EX-4", kind = REFUSES)
    void aDetachedRequestIsAnsweredOnce() throws Exception {
        byte[] message = client.request(bytes("ping")).message();
        DetachedRequest request = DetachedRequest.read(sessions.server().unwrapNumbered(message));
        assertThatIllegalArgumentException().isThrownBy(() -> request.failure(-1, "no code"));

        assertThat(request.answer(bytes("pong"))).isEqualTo(ExchangeFrame.answer(request.number(), bytes("pong")));
        assertThatIllegalStateException()
                .isThrownBy(() -> request.answer(bytes("pong")))
                .withMessage("request 0 was answered before");
        assertThatIllegalStateException().isThrownBy(() -> request.failure(1, ""));

        DetachedRequest again = request.unanswered();
        assertThat(again.failure(1, "")).isEqualTo(ExchangeFrame.failure(again.number(), 1, ""));
        assertThatIllegalStateException().isThrownBy(() -> again.answer(bytes("pong")));
    }

    @Test
    @Rule(value = "EX-1", kind = ACCEPTS)
    void writesAndReadsTheFramesOfTheSpecification() throws Exception {
        assertThat(ExchangeFrame.request(bytes("ping"))).isEqualTo(hex("0170696e67"));
        assertThat(ExchangeFrame.request(new byte[0])).isEqualTo(hex("01"));
        assertThat(ExchangeFrame.answer(0, bytes("pong"))).isEqualTo(hex("020000000000000000706f6e67"));
        assertThat(ExchangeFrame.answer(1L << 32, new byte[0])).isEqualTo(hex("020000000100000000"));
        assertThat(ExchangeFrame.failure(7, 256, "no such item"))
                .isEqualTo(hex("03000000000000000701006e6f2073756368206974656d"));
        assertThat(ExchangeFrame.failure(7, 1, "")).isEqualTo(hex("0300000000000000070001"));

        assertThat(((Request) read("0170696e67")).body()).isEqualTo(bytes("ping"));
        assertThat(read("01")).hasToString("request 5 of 0 bytes");
        assertThat(((Answer) read("020000000000000000706f6e67")).body()).isEqualTo(bytes("pong"));
        assertThat(read("020000000100000000")).hasToString("answer of 0 bytes to request 4294967296");
        assertThat(read("03000000000000000701006e6f2073756368206974656d"))
                .hasToString("failure of request 7, code 256: no such item");
        assertThat(read("030000000000000007ffff")).hasToString("failure of request 7, code 65535");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "00", "04", "ff00", "02", "0200000000000000", "030000000000000000", "03000000000000000001"})
    @Rule(value = "EX-1", kind = REFUSES)
    void refusesWhatIsNoFrame(String frame) {
        assertThat(catchThrowableOfType(ExchangeException.class, () -> read(frame))
                        .reason())
                .isEqualTo(Reason.MALFORMED);
    }

    @Test
    @Rule(value = "EX-1", kind = REFUSES)
    void refusesAReasonThatIsTooLong() throws Exception {
        String longest = "0300000000000000000001" + "61".repeat(255);
        assertThat(((Failure) read(longest)).reason()).hasSize(255);
        assertThatThrownBy(() -> read(longest + "61")).isInstanceOf(ExchangeException.class);
    }

    @Test
    void anEarlyRequestIsAnsweredInTheSessionThatFollows() throws Exception {
        try (Pair.Exchange handshake = Pair.create().begin()) {
            handshake.message3();
            OutgoingRequest request =
                    Exchange.requestEarly(handshake.client().earlyData().orElseThrow(), bytes("early"));
            Exchange answering = Exchange.over(handshake.serverSession());
            Request received = answering.receiveRequest(request.message());
            assertThat(received.body()).isEqualTo(bytes("early"));
            byte[] answer = answering.answer(received, bytes("answer"));

            Exchange asking = Exchange.resume(handshake.finish().client(), Set.of(request.number()));
            assertThat(((Answer) asking.receiveAnswer(request.number(), answer)).body())
                    .isEqualTo(bytes("answer"));
            assertThat(asking.request(bytes("next")).number()).isEqualTo(request.number() + 1);
        }
    }

    @Test
    @Rule(value = "EX-1", kind = REFUSES)
    void refusedFrameEndsNoRequest() throws Exception {
        OutgoingRequest request = client.request(bytes("a"));
        byte[] noFrame = sessions.server().wrap(new byte[] {9});

        assertThatThrownBy(() -> client.receive(noFrame)).isInstanceOf(ExchangeException.class);

        assertThat(client.awaited()).containsExactly(request.number());
    }

    @Test
    void cutsAReasonBetweenTwoCharacters() throws Exception {
        byte[] frame = ExchangeFrame.failure(0, 256, "x" + "\u00e4".repeat(200));

        Failure failure = (Failure) ExchangeFrame.read(frame, 0, client);

        assertThat(failure.reason()).isEqualTo("x" + "\u00e4".repeat(127));
    }

    @Test
    void replacesInvisibleCharactersOfAReason() throws Exception {
        byte[] frame = ExchangeFrame.failure(0, 256, "a\nb\u009bc\u2028d\u202ee\u00e4");

        assertThat(((Failure) ExchangeFrame.read(frame, 0, client)).reason()).isEqualTo("a?b?c?d?e\u00e4");
    }

    @Test
    @Rule(value = "EX-2", kind = ACCEPTS)
    void requestHasTheNumberOfItsMessage() throws Exception {
        OutgoingRequest first = client.request(bytes("first"));
        OutgoingRequest second = client.request(bytes("second"));

        assertThat(second.number()).isEqualTo(first.number() + 1);
        assertThat(server.receiveRequest(second.message()).number()).isEqualTo(second.number());
        assertThat(server.receiveRequest(first.message()).number()).isEqualTo(first.number());
    }

    @Test
    @Rule(value = "EX-2", kind = ACCEPTS)
    void bothPeersAskWithNumbersOfTheirOwn() throws Exception {
        OutgoingRequest ours = client.request(bytes("ours"));
        OutgoingRequest theirs = server.request(bytes("theirs"));
        Request atServer = (Request) server.receive(ours.message());
        Request atClient = (Request) client.receive(theirs.message());

        Answer forClient = (Answer) client.receive(server.answer(atServer, bytes("1")));
        Answer forServer = (Answer) server.receive(client.answer(atClient, bytes("2")));

        assertThat(forClient.number()).isEqualTo(ours.number());
        assertThat(forClient.body()).isEqualTo(bytes("1"));
        assertThat(forServer.number()).isEqualTo(theirs.number());
        assertThat(forServer.body()).isEqualTo(bytes("2"));
    }

    @Test
    @Rule(value = "EX-2", kind = REFUSES)
    void numberOfTheOtherDirectionIsNoNumberOfOurs() throws Exception {
        OutgoingRequest theirs = server.request(bytes("theirs"));
        Request atClient = client.receiveRequest(theirs.message());
        byte[] answer = sessions.server().wrap(ExchangeFrame.answer(atClient.number(), bytes("to themselves")));

        assertRefused(Reason.WRONG_REQUEST, () -> client.receive(answer));
    }

    @Test
    @Rule(value = "EX-3", kind = ACCEPTS)
    void answersInAnyOrderFindTheirRequests() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("order of answers: seed " + seed);
        List<OutgoingRequest> requests = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            requests.add(client.request(bytes("request " + i)));
        }
        Collections.shuffle(requests, new Random(seed));
        List<byte[]> answers = new ArrayList<>();
        for (OutgoingRequest request : requests) {
            Request received = server.receiveRequest(request.message());
            answers.add(server.answer(received, received.body()));
        }

        for (int i = requests.size() - 1; i >= 0; i--) {
            Answer answer = (Answer) client.receiveAnswer(requests.get(i).number(), answers.get(i));
            assertThat(answer.body()).isEqualTo(bytes("request " + answer.number()));
        }
        assertThat(client.awaited()).isEmpty();
    }

    @Test
    @Rule(value = "EX-3", kind = REFUSES)
    void refusesSwappedAnswers() throws Exception {
        OutgoingRequest balance = client.request(bytes("balance"));
        OutgoingRequest limit = client.request(bytes("limit"));
        byte[] toBalance = server.answer(server.receiveRequest(balance.message()), bytes("1"));
        byte[] toLimit = server.answer(server.receiveRequest(limit.message()), bytes("1000"));

        assertRefused(Reason.WRONG_REQUEST, () -> client.receiveAnswer(balance.number(), toLimit));
        assertRefused(Reason.WRONG_REQUEST, () -> client.receiveAnswer(limit.number(), toBalance));

        assertThat(client.awaited()).containsExactlyInAnyOrder(balance.number(), limit.number());
    }

    @Test
    @Rule(value = "EX-3", kind = REFUSES)
    void refusesAnAnswerThatNobodyAwaits() {
        byte[] answer = sessions.server().wrap(ExchangeFrame.answer(0, bytes("unasked")));
        byte[] failure = sessions.server().wrap(ExchangeFrame.failure(1, 1, ""));

        assertRefused(Reason.WRONG_REQUEST, () -> client.receive(answer));
        assertRefused(Reason.WRONG_REQUEST, () -> client.receiveAnswer(1, failure));
    }

    @Test
    @Rule(value = "EX-3", kind = REFUSES)
    void refusesTheAnswerToAForgottenRequest() throws Exception {
        OutgoingRequest request = client.request(bytes("slow"));
        byte[] answer = server.answer(server.receiveRequest(request.message()), bytes("late"));
        client.forget(request.number());
        client.forget(request.number());

        assertRefused(Reason.WRONG_REQUEST, () -> client.receiveAnswer(request.number(), answer));
    }

    @Test
    @Rule(value = "EX-4", kind = ACCEPTS)
    void deliversAnAnswerOrAFailureAndEndsTheRequest() throws Exception {
        OutgoingRequest good = client.request(bytes("good"));
        OutgoingRequest bad = client.request(bytes("bad"));
        byte[] answer = server.answer(server.receiveRequest(good.message()), bytes("yes"));
        byte[] failure = server.fail(server.receiveRequest(bad.message()), 300, "no");

        assertThat(((Answer) client.receive(answer)).body()).isEqualTo(bytes("yes"));
        assertThat(((Failure) client.receiveAnswer(bad.number(), failure)).code())
                .isEqualTo(300);
        assertThat(client.awaited()).isEmpty();
    }

    @Test
    @Rule(value = "EX-4", kind = REFUSES)
    void refusesASecondAnswer() throws Exception {
        OutgoingRequest request = client.request(bytes("a"));
        Request received = server.receiveRequest(request.message());
        client.receive(server.answer(received, bytes("first")));
        byte[] second = sessions.server().wrap(ExchangeFrame.answer(request.number(), bytes("second")));

        assertRefused(Reason.WRONG_REQUEST, () -> client.receive(second));
        assertThatIllegalStateException().isThrownBy(() -> server.answer(received, bytes("second")));
        assertThatIllegalStateException().isThrownBy(() -> server.fail(received, 1, ""));
    }

    @Test
    @Rule(value = "EX-5", kind = ACCEPTS)
    void actsOnANewRequestWithTheSameBody() throws Exception {
        server.receiveRequest(client.request(bytes("again")).message());

        assertThat(server.receiveRequest(client.request(bytes("again")).message())
                        .body())
                .isEqualTo(bytes("again"));
    }

    @Test
    @Rule(value = "EX-5", kind = REFUSES)
    void refusesARepeatedRequest() throws Exception {
        OutgoingRequest request = client.request(bytes("pay"));
        server.receiveRequest(request.message());

        assertThat(catchThrowableOfType(MessageRejectedException.class, () -> server.receiveRequest(request.message()))
                        .reason())
                .isEqualTo(MessageRejectedException.Reason.REPLAYED);
    }

    @Test
    void refusesAnAnswerOfAnotherSession() throws Exception {
        OutgoingRequest request = client.request(bytes("a"));
        try (Pair.Sessions others = Pair.create().establish()) {
            byte[] answer = others.server().wrap(ExchangeFrame.answer(request.number(), bytes("b")));

            assertThatThrownBy(() -> client.receiveAnswer(request.number(), answer))
                    .isInstanceOf(MessageRejectedException.class);
        }
        assertThat(client.awaited()).containsExactly(request.number());
    }

    @Test
    void tellsRequestsFromAnswers() throws Exception {
        OutgoingRequest request = client.request(bytes("a"));
        byte[] answer = server.answer(server.receiveRequest(request.message()), bytes("b"));
        byte[] counterRequest = server.request(bytes("c")).message();

        assertRefused(Reason.WRONG_DIRECTION, () -> client.receiveAnswer(request.number(), counterRequest));
        assertRefused(Reason.WRONG_DIRECTION, () -> client.receiveRequest(answer));
    }

    @Test
    void continuesWithTheAwaitedRequestsOfASavedSession() throws Exception {
        OutgoingRequest request = client.request(bytes("a"));
        byte[] answer = server.answer(server.receiveRequest(request.message()), bytes("b"));

        Exchange resumed = Exchange.resume(sessions.client(), client.awaited());

        assertThat(((Answer) resumed.receive(answer)).body()).isEqualTo(bytes("b"));
        assertThatIllegalArgumentException().isThrownBy(() -> Exchange.resume(sessions.client(), Set.of(-1L)));
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> Exchange.resume(sessions.client(), Collections.nCopies(Exchange.MAX_AWAITED + 1, 1L)));
    }

    @Test
    void limitsTheRequestsThatAwaitAnswers() {
        List<Long> many = new ArrayList<>();
        for (long number = 1_000_000; many.size() < Exchange.MAX_AWAITED; number++) {
            many.add(number);
        }
        Exchange full = Exchange.resume(sessions.client(), many);

        assertThatIllegalStateException().isThrownBy(() -> full.request(bytes("one more")));
        full.forget(1_000_000);
        assertThat(full.request(bytes("one more")).number()).isNotNegative();
    }

    @Test
    void answersOnlyItsOwnRequests() throws Exception {
        Request received = server.receiveRequest(client.request(bytes("a")).message());

        assertThatIllegalArgumentException().isThrownBy(() -> client.answer(received, bytes("b")));
        assertThatIllegalArgumentException().isThrownBy(() -> server.fail(received, 65_536, ""));
        assertThatIllegalArgumentException().isThrownBy(() -> server.fail(received, -1, ""));
        assertThat(server.answer(received, bytes("b"))).isNotEmpty();
    }

    @Test
    void addsTheOverheadThatItStates() throws Exception {
        OutgoingRequest request = client.request(new byte[100]);
        Request received = server.receiveRequest(request.message());

        assertThat(request.message()).hasSize(100 + Exchange.REQUEST_OVERHEAD);
        assertThat(server.answer(received, new byte[200])).hasSize(200 + Exchange.ANSWER_OVERHEAD);
        assertThat(request).hasToString("request 0 in a message of 153 bytes");
        assertThat(client).hasToString("exchange over " + sessions.client());
        assertThat(client.session()).isSameAs(sessions.client());
    }

    private Received read(String frame) throws ExchangeException {
        return ExchangeFrame.read(hex(frame), 5, client);
    }

    private static void assertRefused(Reason reason, ThrowingCallable call) {
        assertThat(catchThrowableOfType(ExchangeException.class, call).reason()).isEqualTo(reason);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }
}
