package dev.securesession.cli.operations;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "systemd and shell scripts are not there")
class ServiceManagerTest {
    @TempDir
    private Path directory;

    private final StringWriter logged = new StringWriter();
    private final EventLog log = new EventLog(new PrintWriter(logged, true), LogFormat.TEXT, InstantSource.system());

    @Test
    void tellsEachState() throws IOException {
        Path program = program("echo \"$@\" >> " + directory.resolve("told"));
        ServiceManager manager = new ServiceManager(Map.of("NOTIFY_SOCKET", "/run/x"), program.toString(), log);

        manager.ready("2 tunnels\nREADY=0");
        manager.reloading();
        manager.stopping();

        String pid = "--pid=" + ProcessHandle.current().pid();
        List<String> told = Files.readAllLines(directory.resolve("told"));
        assertThat(told).hasSize(3);
        assertThat(told.get(0)).isEqualTo(pid + " READY=1 STATUS=2 tunnels?READY=0");
        assertThat(told.get(1)).matches(pid + " RELOADING=1 MONOTONIC_USEC=\\d+");
        assertThat(told.get(2)).isEqualTo(pid + " STOPPING=1");
        log.close();
        assertThat(logged.toString()).isEmpty();
    }

    @Test
    void startsNoProgramWhereNobodyWaits() throws IOException {
        Path program = program("echo \"$@\" >> " + directory.resolve("told"));

        new ServiceManager(Map.of(), program.toString(), log).ready("ready");

        assertThat(directory.resolve("told")).doesNotExist();
    }

    @Test
    void failureIsLoggedAndNoMore() throws IOException {
        Map<String, String> waits = Map.of("NOTIFY_SOCKET", "/run/x");
        new ServiceManager(waits, program("exit 3").toString(), log).ready("ready");
        new ServiceManager(waits, "/no/such/program", log).stopping();

        log.close();
        assertThat(logged.toString().lines().toList())
                .satisfiesExactly(
                        line -> assertThat(line).contains("could not send READY=1: it ended with status 3"),
                        line -> assertThat(line)
                                .contains("could not send STOPPING=1: ")
                                .contains("/no/such/program"));
    }

    private Path program(String script) throws IOException {
        Path program = Files.writeString(directory.resolve("notify"), "#!/bin/sh\n" + script + "\n");
        return Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }
}
