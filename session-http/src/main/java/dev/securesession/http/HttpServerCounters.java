package dev.securesession.http;

/**
 * What a handler has done and holds.
 *
 * @param established handshakes that were completed
 * @param refused messages of handshakes and requests that were refused
 * @param answered requests that the handler of the application has answered, failures included
 * @param handlerFailures requests whose handler threw something other than {@link RequestFailedException}
 * @param turnedAway requests that met a limit: status 413, 429 or 503
 * @param evicted requests that waited for their clients and had to make room for others; their connections were closed
 * @param halfOpen handshakes that are not over
 * @param sessions established sessions
 * @param requests complete requests and handshake messages that are being answered at this moment
 * @param waiting requests that wait for their clients at this moment, to send their bodies or to read their responses
 * @param requestBytes bytes that the messages of current requests hold
 * @param answerBytes bytes of answers that their clients have not read yet
 */
public record HttpServerCounters(
        long established,
        long refused,
        long answered,
        long handlerFailures,
        long turnedAway,
        long evicted,
        int halfOpen,
        int sessions,
        int requests,
        int waiting,
        long requestBytes,
        long answerBytes) {}
