package dev.securesession.interop;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Passes the foreign peer of {@code interop-tests/node} to tests as a parameter; all tests share one process.
 *
 * <p>If Node or the package is missing, the tests are skipped and the reason is printed; with the environment variable
 * {@value #REQUIRED} set to {@code true} they fail instead.
 */
public final class ReferencePeer implements BeforeAllCallback, ParameterResolver {
    static final String REQUIRED = "SECURE_SESSION_REQUIRE_FOREIGN_PEERS";

    private static final Path DIRECTORY = Path.of("node");
    private static final Namespace NAMESPACE = Namespace.create(ReferencePeer.class);

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        if (running(context) != null) {
            return;
        }
        if (!Files.isRegularFile(DIRECTORY.resolve("node_modules/wasm-themis/package.json"))) {
            missing(context, "wasm-themis is not installed: run 'npm ci' in interop-tests/node", null);
        }
        try {
            ForeignPeer peer = start();
            context.getRoot().getStore(NAMESPACE).put(ForeignPeer.class, peer);
        } catch (IOException e) {
            missing(context, "Node does not start: install Node 20 or later", e);
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == ForeignPeer.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return running(context);
    }

    /** Starts a process for the caller alone, which must close it. */
    static ForeignPeer start() throws IOException {
        return new ForeignPeer(List.of("node", DIRECTORY.resolve("peer.mjs").toString()));
    }

    private static ForeignPeer running(ExtensionContext context) {
        return context.getRoot().getStore(NAMESPACE).get(ForeignPeer.class, ForeignPeer.class);
    }

    private static void missing(ExtensionContext context, String reason, IOException cause) throws IOException {
        if (Boolean.parseBoolean(System.getenv(REQUIRED))) {
            throw new IOException(reason + " (" + REQUIRED + " is set, so this is a failure)", cause);
        }
        System.out.println("Skipped: " + context.getDisplayName() + ": " + reason);
        abort(reason);
    }
}
