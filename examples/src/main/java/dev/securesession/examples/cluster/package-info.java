/** Three nodes with one database behind a load balancer, and sessions that outlive the nodes. */
@org.jspecify.annotations.NullMarked
package dev.securesession.examples.cluster;
