package dev.securesession.http;

/**
 * What a handler has done and holds.
 *
 * @param established handshakes that were completed
 * @param refused messages of handshakes and requests that were refused
 * @param answered requests that the handler of the application has answered, failures included
 * @param handlerFailures requests whose handler threw something other than {@link RequestFailedException}
 * @param turnedAway requests that met a limit: status 413, 429 or 503
 * @param evicted requests whose incomplete bodies had to make room for others; their connections were closed
 * @param halfOpen handshakes that are not over
 * @param sessions established sessions
 * @param requests requests and handshake messages at this moment, until their responses are sent
 * @param requestBytes bytes that the messages of current requests hold
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
        long requestBytes) {}
