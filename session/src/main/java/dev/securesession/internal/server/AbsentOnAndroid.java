package dev.securesession.internal.server;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks a class that uses what Android lacks; whoever uses the class does without it there. The build checks all others. */
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@interface AbsentOnAndroid {}
