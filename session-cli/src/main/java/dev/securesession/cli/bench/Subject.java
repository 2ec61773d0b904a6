package dev.securesession.cli.bench;

import dev.securesession.SecureSessionException;
import dev.securesession.cli.command.Failure;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Something that is measured: it opens connections to a service that sends back what it receives. */
interface Subject extends Closeable {
    /** Returns a new connection; with a handshake, if the subject does any. */
    Link open() throws IOException, SecureSessionException, Failure;

    /** Says what is measured, in one line. */
    String describe();

    /** One connection; closing it ends both directions. */
    interface Link extends Closeable {
        InputStream in();

        OutputStream out();

        /** Ends the direction to the service; its answers still arrive. */
        void endOutput() throws IOException;
    }
}
