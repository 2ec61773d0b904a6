/** Keys and passphrases in files, and the options that name them. */
@NullMarked
package dev.securesession.cli.keyfile;

import org.jspecify.annotations.NullMarked;
