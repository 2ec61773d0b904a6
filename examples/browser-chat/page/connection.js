// A secure session over a WebSocket: one message for each binary frame.

import { SecureSession } from 'wasm-themis';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const HANDSHAKE_MILLISECONDS = 15_000;

/** Connects as `name`, and accepts the server `serverName` with the key `serverKey` only. */
export function connect(address, name, keys, serverName, serverKey, { onPayload, onEnd }) {
  return new Promise((resolve, reject) => {
    let established = false;
    let ended = false;
    const session = new SecureSession(encoder.encode(name), keys.privateKey, (id) => {
      if (decoder.decode(id) !== serverName) throw new Error('another peer than the server');
      return serverKey;
    });
    const socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';

    const deadline = setTimeout(() => end('The server did not complete the handshake in time.'), HANDSHAKE_MILLISECONDS);

    function end(reason) {
      if (ended) return;
      ended = true;
      clearTimeout(deadline);
      socket.close();
      session.destroy();
      if (established) onEnd(reason);
      else reject(new Error(reason));
    }

    function handshake(message) {
      let reply;
      try {
        reply = session.negotiateReply(message);
      } catch (refusal) {
        end(`The server did not prove that it holds the key you compared. (${refusal.message})`);
        return;
      }
      if (reply.length > 0) socket.send(reply);
      if (!session.established()) return;
      established = true;
      clearTimeout(deadline);
      resolve({
        send: (text) => socket.send(session.wrap(encoder.encode(text))),
        close: () => end('You have left.'),
      });
    }

    function payload(message) {
      let value;
      try {
        value = JSON.parse(decoder.decode(session.unwrap(message)));
      } catch (refusal) {
        end(`A message was changed on its way, so the connection was closed. (${refusal.message})`);
        return;
      }
      onPayload(value);
    }

    socket.onopen = () => socket.send(session.connectionRequest());
    socket.onmessage = ({ data }) => {
      if (ended) return;
      if (!(data instanceof ArrayBuffer)) end('The server sent text instead of a message of the session.');
      else if (established) payload(new Uint8Array(data));
      else handshake(new Uint8Array(data));
    };
    socket.onclose = () => end(established
      ? 'The connection to the server was lost.'
      : 'The server closed the connection during the handshake. It may have refused your key.');
  });
}
