/** Two named peers that exchange requests and answers through an MQTT broker, which they do not trust. */
@org.jspecify.annotations.NullMarked
package dev.securesession.examples.mqtt;
