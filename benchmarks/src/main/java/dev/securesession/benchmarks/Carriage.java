package dev.securesession.benchmarks;

import dev.securesession.MessageRejectedException;
import dev.securesession.SecureSession;
import java.nio.ByteBuffer;
import java.util.function.IntFunction;

/** A kind of array or buffer in which payloads of one size are passed to a session; the buffers are reused. */
public interface Carriage {
    /** Wraps the payload and returns the length of the message. */
    int wrap(SecureSession sender);

    /** Unwraps a message, without changing it, and returns the length of the payload. */
    int unwrap(SecureSession receiver, ByteBuffer message) throws MessageRejectedException;

    /** Wraps the payload, unwraps the message, and returns the length of the result. */
    int roundTrip(SecureSession sender, SecureSession receiver) throws MessageRejectedException;

    /** Returns a copy of a message in the form that {@link #unwrap} expects. */
    ByteBuffer keep(byte[] message);

    /** The kinds by name. */
    enum Kind {
        ARRAY("byte[]", Arrays::new),
        HEAP("heap buffers", size -> new Buffers(size, ByteBuffer::allocate)),
        DIRECT("direct buffers", size -> new Buffers(size, ByteBuffer::allocateDirect)),
        HEAP_IN_PLACE("heap buffer, in place", size -> new InPlace(size, ByteBuffer::allocate)),
        DIRECT_IN_PLACE("direct buffer, in place", size -> new InPlace(size, ByteBuffer::allocateDirect));

        private final String label;

        @SuppressWarnings("ImmutableEnumChecker") // The functions have no state.
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

    /** Arrays; each result is a new one. */
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
        @SuppressWarnings("ByteBufferBackingArray") // keep(byte[]) has wrapped a whole array.
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

    /** Within one buffer. Unwrapping destroys the message, so it is copied into the buffer first. */
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
