package dev.securesession.benchmarks;

import dev.securesession.MessageRejectedException;
import dev.securesession.SecureSession;
import java.nio.ByteBuffer;
import java.util.function.IntFunction;

/** One of the ways to give payloads of one size to a session and to take them out, with buffers that are used again. */
public interface Carriage {
    /** Wraps the payload and returns the length of the message. */
    int wrap(SecureSession sender);

    /** Unwraps a message, without changing it, and returns the length of the payload. */
    int unwrap(SecureSession receiver, ByteBuffer message) throws MessageRejectedException;

    /** Wraps the payload, unwraps the message, and returns the length of what came out. */
    int roundTrip(SecureSession sender, SecureSession receiver) throws MessageRejectedException;

    /** Returns a copy of a message such as {@link #unwrap} likes it. */
    ByteBuffer keep(byte[] message);

    /** The ways by name. */
    enum Kind {
        ARRAY("byte[]", Arrays::new),
        HEAP("heap buffers", size -> new Buffers(size, ByteBuffer::allocate)),
        DIRECT("direct buffers", size -> new Buffers(size, ByteBuffer::allocateDirect)),
        HEAP_IN_PLACE("heap buffer, in place", size -> new InPlace(size, ByteBuffer::allocate)),
        DIRECT_IN_PLACE("direct buffer, in place", size -> new InPlace(size, ByteBuffer::allocateDirect));

        private final String label;

        @SuppressWarnings("ImmutableEnumChecker") // The functions hold nothing.
        private final IntFunction<Carriage> maker;

        Kind(String label, IntFunction<Carriage> maker) {
            this.label = label;
            this.maker = maker;
        }

        String label() {
            return label;
        }

        Carriage carriage(int size) {
            return maker.apply(size);
        }
    }

    /** New arrays for everything that comes out. */
    final class Arrays implements Carriage {
        private final byte[] payload;

        Arrays(int size) {
            payload = new byte[size];
        }

        @Override
        public int wrap(SecureSession sender) {
            return sender.wrap(payload).length;
        }

        @Override
        @SuppressWarnings("ByteBufferBackingArray") // It is a whole array that keep(byte[]) has wrapped.
        public int unwrap(SecureSession receiver, ByteBuffer message) throws MessageRejectedException {
            return receiver.unwrap(message.array()).length;
        }

        @Override
        public int roundTrip(SecureSession sender, SecureSession receiver) throws MessageRejectedException {
            return receiver.unwrap(sender.wrap(payload)).length;
        }

        @Override
        public ByteBuffer keep(byte[] message) {
            return ByteBuffer.wrap(message);
        }
    }

    /** From one buffer into another. */
    final class Buffers implements Carriage {
        private final IntFunction<ByteBuffer> allocator;
        private final ByteBuffer payload;
        private final ByteBuffer wrapped;
        private final ByteBuffer unwrapped;

        Buffers(int size, IntFunction<ByteBuffer> allocator) {
            this.allocator = allocator;
            payload = allocator.apply(size);
            wrapped = allocator.apply(size + SecureSession.OVERHEAD);
            unwrapped = allocator.apply(size);
        }

        @Override
        public int wrap(SecureSession sender) {
            payload.clear();
            wrapped.clear();
            return sender.wrap(payload, wrapped);
        }

        @Override
        public int unwrap(SecureSession receiver, ByteBuffer message) throws MessageRejectedException {
            message.clear();
            unwrapped.clear();
            return receiver.unwrap(message, unwrapped);
        }

        @Override
        public int roundTrip(SecureSession sender, SecureSession receiver) throws MessageRejectedException {
            wrap(sender);
            return unwrap(receiver, wrapped);
        }

        @Override
        public ByteBuffer keep(byte[] message) {
            return allocator.apply(message.length).put(message);
        }
    }

    /** Within one buffer. What is unwrapped is destroyed by it, so a kept message is copied into that buffer first. */
    final class InPlace implements Carriage {
        private final IntFunction<ByteBuffer> allocator;
        private final ByteBuffer work;

        InPlace(int size, IntFunction<ByteBuffer> allocator) {
            this.allocator = allocator;
            work = allocator.apply(size + SecureSession.OVERHEAD);
        }

        @Override
        public int wrap(SecureSession sender) {
            sender.wrapInPlace(work);
            return work.remaining();
        }

        @Override
        public int unwrap(SecureSession receiver, ByteBuffer message) throws MessageRejectedException {
            message.clear();
            work.clear();
            work.put(message);
            work.flip();
            return receiver.unwrapInPlace(work).remaining();
        }

        @Override
        public int roundTrip(SecureSession sender, SecureSession receiver) throws MessageRejectedException {
            sender.wrapInPlace(work);
            return receiver.unwrapInPlace(work).remaining();
        }

        @Override
        public ByteBuffer keep(byte[] message) {
            return allocator.apply(message.length).put(message);
        }
    }
}
