/** Tests of the meters. */
package dev.securesession.micrometer;
