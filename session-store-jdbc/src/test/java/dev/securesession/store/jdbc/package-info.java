/** Tests of the stores over JDBC. */
package dev.securesession.store.jdbc;
