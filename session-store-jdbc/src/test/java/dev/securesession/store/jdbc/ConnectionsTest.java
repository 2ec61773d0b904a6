package dev.securesession.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

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

    private Connection connection(SQLException ofRollback) {
        return (Connection) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    calls.add(method.getName());
                    if (method.getName().equals("rollback")) {
                        throw ofRollback;
                    }
                    return null;
                });
    }
}
