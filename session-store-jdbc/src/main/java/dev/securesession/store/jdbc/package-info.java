/** Stores of sessions in databases, over JDBC. */
@NullMarked
package dev.securesession.store.jdbc;

import org.jspecify.annotations.NullMarked;
