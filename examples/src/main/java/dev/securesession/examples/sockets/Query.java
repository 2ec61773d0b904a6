package dev.securesession.examples.sockets;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/**
 * Runs a query over JDBC. There is no code for sessions here: the URL names the socket factory and its properties file.
 *
 * <pre>
 * Query "jdbc:postgresql://db:5433/shop?user=app
 *     &amp;socketFactory=dev.securesession.transport.SecureSocketFactory
 *     &amp;socketFactoryArg=file:/etc/shop/session.properties" "SELECT count(*) FROM orders"
 * </pre>
 */
public final class Query {
    private Query() {}

    public static void main(String[] arguments) throws Exception {
        try (Connection connection = DriverManager.getConnection(arguments[0]);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(arguments[1])) {
            while (rows.next()) {
                System.out.println(rows.getString(1));
            }
        }
    }
}
