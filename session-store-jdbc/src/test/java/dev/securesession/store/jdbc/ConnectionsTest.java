package dev.securesession.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectionsTest {
    private final List<String> calls = new ArrayList<>();

    @Test
    void committedWorkIsNotRolledBack() throws Exception {
        String result = Connections.run(connection(new SQLException("unused")), unused -> "done");

        assertThat(result).isEqualTo("done");
        assertThat(calls).containsExactly("commit");
    }

    /** The first failure says what is wrong: the second one often is that the connection is gone. */
    @Test
    void failedRollbackDoesNotHideTheFailure() {
        SQLException failure = new SQLException("the disk is full");
        SQLException rollback = new SQLException("the connection is closed");

        assertThatThrownBy(() -> Connections.run(connection(rollback), unused -> {
                    throw failure;
                }))
                .isSameAs(failure)
                .hasSuppressedException(rollback);
        assertThat(calls).containsExactly("rollback");
    }

    /** 40P01: deadlock detected; 40001: serialization failure. The database has rolled the statement back. */
    @ParameterizedTest
    @ValueSource(strings = {"40P01", "40001"})
    void aStatementThatMadeWayForAnotherIsRepeated(String state) throws Exception {
        Deque<SQLException> failures =
                new ArrayDeque<>(List.of(new SQLException("for a test", state), new SQLException("for a test", state)));

        String result = autoCommitted(failures);

        assertThat(result).isEqualTo("done");
        assertThat(failures).isEmpty();
    }

    /** 40003: nobody knows whether the statement was executed; 08006: the connection is gone. */
    @ParameterizedTest
    @ValueSource(strings = {"40003", "08006", "57014"})
    void aStatementThatMayHaveBeenExecutedIsNotRepeated(String state) {
        SQLException failure = new SQLException("for a test", state);
        Deque<SQLException> failures = new ArrayDeque<>(List.of(failure));

        assertThatThrownBy(() -> autoCommitted(failures))
                .isInstanceOf(IOException.class)
                .hasCause(failure);
    }

    @Test
    void aStatementThatAlwaysMakesWayFailsInTheEnd() {
        Deque<SQLException> failures = new ArrayDeque<>();
        for (int i = 0; i < 100; i++) {
            failures.add(new SQLException("for a test", "40P01"));
        }

        assertThatThrownBy(() -> autoCommitted(failures)).isInstanceOf(IOException.class);
        assertThat(failures).hasSizeGreaterThan(50);
    }

    /** Runs a statement on pooled connections that fails as often as there are failures. */
    private String autoCommitted(Deque<SQLException> failures) throws IOException {
        DataSource source = proxy(DataSource.class, method -> connection(new SQLException("unused")));
        return new PooledConnections(source).autoCommitted(unused -> {
            SQLException failure = failures.poll();
            if (failure != null) {
                throw failure;
            }
            return "done";
        });
    }

    private Connection connection(SQLException ofRollback) {
        return proxy(Connection.class, method -> {
            calls.add(method);
            if (method.equals("rollback")) {
                throw ofRollback;
            }
            return method.equals("getAutoCommit") ? true : null;
        });
    }

    private static <T> T proxy(Class<T> type, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                ConnectionsTest.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> answer.to(method.getName())));
    }

    /** What a call of a method returns. */
    private interface Answer {
        Object to(String method) throws SQLException;
    }
}
