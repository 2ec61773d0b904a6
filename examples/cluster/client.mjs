// A client of the cluster on wasm-themis: asks for one operation after the other, each once.
//
//   node client.mjs http://127.0.0.1:PORT/api FOLDER-OF-KEYS NAME
//
// It prints a line for each outcome, and ends with its standard input.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import { initialize, PrivateKey, PublicKey, SecureSession } from 'wasm-themis';

delete globalThis.fetch; // the loader of the package would prefer it to the file system
await initialize();

const [address, folder, name] = process.argv.slice(2);
const keyOf = (file) => new Uint8Array(readFileSync(`${folder}/${file}`));
const ownKey = new PrivateKey(keyOf(`${name}.key`));
const serverKey = new PublicKey(keyOf('server.pub'));
const agent = new http.Agent({ keepAlive: true });

let stopped = false;
process.stdin.on('end', () => { stopped = true; }).resume();

const say = (line) => process.stdout.write(`${line}\n`);
const pause = () => new Promise((resume) => setTimeout(resume, 50));

function post(path, token, message) {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': message.length };
    if (token) headers['Secure-Session'] = token;
    const request = http.request(`${address}/${path}`, { method: 'POST', agent, headers, timeout: 30000 }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('error', () => resolve({ status: 0 }));
      response.on('end', () => resolve({
        status: response.statusCode,
        token: response.headers['secure-session'],
        body: new Uint8Array(Buffer.concat(pieces)),
      }));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve({ status: 0 }));
    request.end(message);
  });
}

async function connect() {
  const session = new SecureSession(new TextEncoder().encode(name), ownKey, (peer) => (
    new TextDecoder().decode(peer) === 'server' ? serverKey : null));
  const second = await post('handshake', null, session.connectionRequest());
  if (second.status === 200) {
    const fourth = await post('handshake', second.token, session.negotiateReply(second.body));
    if (fourth.status === 200) {
      session.negotiateReply(fourth.body);
      return { session, token: second.token };
    }
  }
  session.destroy();
  say('handshake');
  await pause();
  return null;
}

const REQUESTS_OF_A_SESSION = 500;
let number = 0;

try {
  while (!stopped) {
    const connection = await connect();
    if (!connection) continue;
    const { session, token } = connection;
    for (let i = 0; i < REQUESTS_OF_A_SESSION && !stopped; i += 1) {
      const operation = `${name}-${number}`;
      number += 1;
      const response = await post('message', token, session.wrap(new TextEncoder().encode(operation)));
      if (response.status !== 200) {
        say(`status ${response.status}`);
        continue;
      }
      const answer = new TextDecoder().decode(session.unwrap(response.body));
      say(answer === `done ${operation}` ? `answered ${operation}` : `the answer to ${operation} was ${answer}`);
    }
    session.destroy();
  }
} catch (error) {
  say(`failed: ${error.message} ${error.errorCode ?? ''}`);
}
agent.destroy();
process.exit(0);
