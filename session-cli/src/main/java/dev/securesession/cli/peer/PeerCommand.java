package dev.securesession.cli.peer;

import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.command.Terminal;
import java.io.IOException;
import picocli.CommandLine.Command;

@Command(
        name = "peer",
        description = {
            "A conformance peer: a program drives it over standard input and output to test another implementation.",
            "",
            "One request a line, one answer a line: 'ok VALUE ...' or 'err REASON text'. Arguments and values are "
                    + "base64, - for no bytes; NAMEs of sessions, and numbers, are plain words. It ends with its input.",
        },
        footer = {
            "",
            "Requests:",
            "  keygen [2|3|5]               a new private and public key, on P-256, P-384 or P-521",
            "  key ID PUBLIC                from now on ID has this public key",
            "  new NAME ID PRIVATE          a session whose role is still open, for ID with its private key",
            "  request NAME                 message 1; NAME is the client",
            "  reply NAME MESSAGE           the answer to a handshake message, - if there is none",
            "  state NAME                   idle, negotiating, established or closed",
            "  remote NAME                  the id of the peer",
            "  wrap NAME PAYLOAD            a message; unwrap NAME MESSAGE, the payload",
            "  save NAME                    the 60-byte state; load NAME STATE restores it",
            "  export NAME                  our own state; import NAME STATE restores it",
            "  hash NAME                    the transcript hash",
            "  clock SECONDS | clock now    stop the clock at this Unix time; start it again",
            "  drop NAME                    close the session",
            "  seal KEY DATA [CONTEXT]      sealed data; unseal KEY SEALED [CONTEXT], the data",
            "  sealp, unsealp               the same with a passphrase",
            "",
            "Example:",
            "  printf 'keygen\\n' | secure-session peer"
        })
public final class PeerCommand extends Subcommand {
    @Override
    public Integer call() throws IOException {
        Terminal terminal = terminal();
        new ConformancePeer(MovableClock.running()).serve(terminal.in(), terminal.binaryOut());
        return 0;
    }
}
