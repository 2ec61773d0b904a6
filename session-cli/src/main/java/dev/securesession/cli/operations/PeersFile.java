package dev.securesession.cli.operations;

import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.PeerId;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.keyfile.KeyReader;
import dev.securesession.cli.keyfile.LoadedKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the peers that a server knows from a file with a line for each key, {@code [OPTIONS] ID KEY}, or from a folder of
 * files {@code ID.pub}. Refuses the whole file or folder for any mistake in it. docs/tunnel-operations.md.
 */
public final class PeersFile {
    private PeersFile() {}

    /** Reads a file or a folder. */
    public static KnownPeers read(Path path) throws IOException, Failure {
        return Files.isDirectory(path) ? readFolder(path) : readFile(path);
    }

    private static KnownPeers readFile(Path path) throws IOException, Failure {
        byte[] content;
        try (InputStream in = Files.newInputStream(path)) {
            content = in.readNBytes(MAX_FILE_LENGTH + 1);
        }
        if (content.length > MAX_FILE_LENGTH) {
            throw new Failure(path + " has more than " + MAX_FILE_LENGTH + " bytes");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new Failure(path + " is not UTF-8 text; expected lines of the form " + FORM, e);
        }
        if (text.isBlank()) {
            throw new Failure(path + " is empty; expected lines of the form " + FORM
                    + ", or at least a comment if no peer is to be served");
        }
        KnownPeers.Builder peers = new KnownPeers.Builder();
        int number = 0;
        for (String line : text.split("\r?\n", -1)) {
            number++;
            String stripped = line.strip();
            if (!stripped.isEmpty() && !stripped.startsWith("#")) {
                add(peers, stripped, path + ":" + number);
            }
        }
        return peers.build();
    }

    private static void add(KnownPeers.Builder peers, String line, String place) throws Failure {
        if (line.length() > MAX_LINE_LENGTH) {
            throw new Failure(
                    place + ": a line of " + line.length() + " characters; the longest has " + MAX_LINE_LENGTH);
        }
        List<String> fields = fields(line, place);
        if (fields.size() < 2 || fields.size() > 3) {
            throw new Failure(place + ": " + fields.size() + (fields.size() == 1 ? " field" : " fields") + "; expected "
                    + FORM + "; an id or a remark with blanks stands in quotes");
        }
        boolean hasOptions = fields.size() == 3;
        Options options = hasOptions ? Options.parse(fields.get(0), place) : Options.NONE;
        PeerId id = id(fields.get(hasOptions ? 1 : 0), place);
        peers.add(id, key(fields.get(hasOptions ? 2 : 1), place), options.targets, options.remark, place);
    }

    /** Splits at blanks outside of quotes. */
    private static List<String> fields(String line, String place) throws Failure {
        List<String> fields = new ArrayList<>();
        int begin = 0;
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '\\' && quoted) {
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && (c == ' ' || c == '\t')) {
                if (i > begin) {
                    fields.add(line.substring(begin, i));
                }
                begin = i + 1;
            }
        }
        if (quoted) {
            throw new Failure(place + ": a quote is not closed; expected a second \"");
        }
        fields.add(line.substring(begin));
        return fields;
    }

    private static PeerId id(String field, String place) throws Failure {
        String text = field;
        if (field.startsWith("\"")) {
            Quoted quoted = Quoted.at(field, 0, place);
            if (quoted.end != field.length()) {
                throw new Failure(place + ": characters after the quoted id; expected a blank and the key");
            }
            text = quoted.text;
        } else if (field.indexOf('"') >= 0) {
            throw new Failure(place + ": the id or the key is missing, or the id contains a quote; expected " + FORM
                    + ", with an id that contains quotes or blanks in quotes");
        }
        return peerId(text, place);
    }

    private static PeerId peerId(String text, String place) throws Failure {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_ID_LENGTH) {
            throw new Failure(place + ": an id of " + length + " bytes; the longest has " + MAX_ID_LENGTH);
        }
        try {
            return PeerId.ofUtf8(text);
        } catch (IllegalArgumentException e) {
            throw new Failure(place + ": invalid id: " + e.getMessage(), e);
        }
    }

    private static IdentityPublicKey key(String field, String place) throws Failure {
        try {
            return publicKey(field.getBytes(StandardCharsets.UTF_8), place, EXPECTED_LINE);
        } catch (KeyRejectedException e) {
            throw new Failure(
                    place
                            + (field.startsWith(KEY_START)
                                    ? ": the key is damaged or cut off; "
                                    : ": what stands after the id is no public key; ")
                            + EXPECTED_LINE,
                    e);
        }
    }

    private static IdentityPublicKey publicKey(byte[] content, String place, String expected)
            throws Failure, KeyRejectedException {
        try (LoadedKey key = KeyReader.openKey(content)) {
            if (key.privateKey() != null) {
                throw new Failure(place + ": a private key where a public one belongs; " + expected
                        + ". Replace the private key if others could read this file");
            }
            return key.publicKey();
        }
    }

    private static KnownPeers readFolder(Path folder) throws IOException, Failure {
        List<Path> files;
        try (Stream<Path> entries = Files.list(folder)) {
            files = entries.filter(file -> !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .limit(MAX_FILES + 1L)
                    .toList();
        }
        if (files.size() > MAX_FILES) {
            throw new Failure(folder + " has more than " + MAX_FILES + " files; use a peers file");
        }
        KnownPeers.Builder peers = new KnownPeers.Builder();
        for (Path file : files) {
            String name = file.getFileName().toString();
            if (!name.endsWith(SUFFIX) || name.length() == SUFFIX.length() || !Files.isRegularFile(file)) {
                throw new Failure(
                        file + " is not a file ID" + SUFFIX + "; expected only such files in a folder of keys");
            }
            try (InputStream in = Files.newInputStream(file)) {
                byte[] content = in.readNBytes(MAX_KEY_LENGTH + 1);
                if (content.length > MAX_KEY_LENGTH) {
                    throw new Failure(file + " has more than " + MAX_KEY_LENGTH + " bytes; expected a public key");
                }
                PeerId id = peerId(name.substring(0, name.length() - SUFFIX.length()), file.toString());
                peers.add(id, keyOfFile(content, file.toString()), null, "", file.toString());
            }
        }
        return peers.build();
    }

    private static IdentityPublicKey keyOfFile(byte[] content, String file) throws Failure {
        String expected = "expected a public key in any form that pubkey writes";
        try {
            return publicKey(content, file, expected);
        } catch (KeyRejectedException e) {
            throw new Failure(file + ": no public key; " + expected, e);
        }
    }

    /** The options of a line. */
    private static final class Options {
        private static final Options NONE = new Options(null, "");

        private final @Nullable Set<String> targets;
        private final String remark;

        private Options(@Nullable Set<String> targets, String remark) {
            this.targets = targets;
            this.remark = remark;
        }

        static Options parse(String field, String place) throws Failure {
            Set<String> targets = null;
            String remark = null;
            int at = 0;
            while (true) {
                int equals = field.indexOf('=', at);
                String name = equals < 0 ? field.substring(at) : field.substring(at, equals);
                if (equals < 0 && at == 0) {
                    throw new Failure(place + ": \"" + EventLog.visible(name) + "\" is no option; expected " + FORM
                            + ", and nothing after the key; an id with blanks stands in quotes");
                }
                if (equals < 0 || equals + 1 == field.length() || field.charAt(equals + 1) != '"') {
                    throw new Failure(
                            place + ": the option \"" + name + "\" has no value in quotes; expected " + KNOWN);
                }
                Quoted value = Quoted.at(field, equals + 1, place);
                if (name.equals("targets") && targets == null) {
                    targets = targets(value.text, place);
                } else if (name.equals("remark") && remark == null) {
                    remark = value.text;
                } else {
                    boolean twice = name.equals("targets") || name.equals("remark");
                    throw new Failure(place
                            + (twice
                                    ? ": the option \"" + name + "\" is given twice"
                                    : ": unknown option \"" + name + "\"; expected " + KNOWN));
                }
                if (value.end == field.length()) {
                    return new Options(targets, remark == null ? "" : remark);
                }
                if (field.charAt(value.end) != ',') {
                    throw new Failure(
                            place + ": characters after the value of \"" + name + "\"; expected a comma or a blank");
                }
                at = value.end + 1;
            }
        }

        private static Set<String> targets(String value, String place) throws Failure {
            Set<String> targets = new TreeSet<>();
            for (String name : value.split(",", -1)) {
                String target = name.strip();
                if (target.isEmpty()) {
                    throw new Failure(
                            place + ": an empty name in targets; expected names with commas between them, and "
                                    + UNNAMED_TARGET + " for the target without a name");
                }
                targets.add(target.equals(UNNAMED_TARGET) ? "" : target);
                if (targets.size() > MAX_TARGETS) {
                    throw new Failure(place + ": more than " + MAX_TARGETS + " targets; leave the option out for all");
                }
            }
            return targets;
        }

        private static final int MAX_TARGETS = 100;
        private static final String KNOWN = "targets=\"NAME,NAME\" or remark=\"TEXT\"";
    }

    /** A text in quotes, in which a backslash stands before a quote or another backslash. */
    private static final class Quoted {
        private final String text;
        private final int end;

        private Quoted(String text, int end) {
            this.text = text;
            this.end = end;
        }

        static Quoted at(String field, int quote, String place) throws Failure {
            StringBuilder text = new StringBuilder();
            for (int i = quote + 1; i < field.length(); i++) {
                char c = field.charAt(i);
                if (c == '"') {
                    return new Quoted(text.toString(), i + 1);
                }
                if (c == '\\') {
                    i++;
                    c = i < field.length() ? field.charAt(i) : ' ';
                    if (c != '"' && c != '\\') {
                        throw new Failure(place + ": a backslash before another character; expected \\\" or \\\\");
                    }
                }
                text.append(c);
            }
            throw new Failure(place + ": a quote is not closed; expected a second \"");
        }
    }

    /** The target without a name, as the option {@code targets} writes it. */
    public static final String UNNAMED_TARGET = "-";

    private static final String FORM = "[OPTIONS] ID KEY, for example targets=\"db,cache\" alice VUVDMgAAAC1...";

    /** The tag of a public key in a container, in base64. */
    private static final String KEY_START = "VUVD";

    private static final String EXPECTED_LINE = "expected the key itself, one line of base64 that begins with "
            + KEY_START + ", as \"secure-session pubkey FILE --format base64\" prints it";
    private static final String SUFFIX = ".pub";
    static final int MAX_FILE_LENGTH = 8 << 20;
    private static final int MAX_LINE_LENGTH = 8192;
    private static final int MAX_ID_LENGTH = 1024;
    private static final int MAX_FILES = 10_000;
    private static final int MAX_KEY_LENGTH = 1 << 16;
}
