package dev.securesession.cli;

import dev.securesession.cli.command.FastestProviders;
import dev.securesession.cli.command.Subcommand;
import java.io.PrintWriter;
import picocli.CommandLine.Command;

@Command(
        name = "version",
        description = {
            "Prints the version, the Java runtime and the cryptographic providers in use.",
            "",
            "The fastest available providers are used. To add one to those of the JDK, name a jar of Amazon Corretto Crypto "
                    + "Provider, Conscrypt or BouncyCastle in the environment variable SECURE_SESSION_PROVIDERS."
        },
        footer = {"", "Example:", "  secure-session version"})
final class VersionCommand extends Subcommand {
    @Override
    public Integer call() {
        PrintWriter out = terminal().out();
        for (String line : new Version().getVersion()) {
            out.println(line);
        }
        out.println("Java " + Runtime.version() + ", " + System.getProperty("java.vm.name"));
        out.println(FastestProviders.get());
        out.flush();
        return 0;
    }
}
