/** A chat of people in browsers, over WebSocket; the page is in {@code browser-chat}. */
@NullMarked
package dev.securesession.examples.chat;

import org.jspecify.annotations.NullMarked;
