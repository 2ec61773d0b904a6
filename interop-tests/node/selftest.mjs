// Tests that the foreign peer follows the protocol in its header. Starts it as the Java tests do and
// uses its standard input and output only. `npm test` runs this; it takes about twenty seconds.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const VECTORS = '../../session/src/test/resources/dev/securesession/testkit/vectors/';
const SESSIONS = 2000;

class Peer {
  #child = spawn(process.execPath, [fileURLToPath(new URL('peer.mjs', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  #waiting = [];
  #pieces = [];
  #status = new Promise((resolve) => this.#child.on('exit', (status, signal) => resolve(signal ?? status)));

  constructor() {
    this.#child.stdout.setEncoding('latin1').on('data', (chunk) => this.#take(chunk));
    this.#status.then((status) => this.#waiting.forEach(({ reject }) => reject(new Error(`peer ended: ${status}`))));
  }

  #take(chunk) {
    const parts = chunk.split('\n');
    const rest = parts.pop();
    for (const part of parts) {
      const line = this.#pieces.join('') + part;
      this.#pieces = [];
      this.#waiting.shift().resolve(line);
    }
    this.#pieces.push(rest);
  }

  line(text) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${text}\n`);
    });
  }

  // Strings are sent unchanged, bytes as base64.
  say(command, ...args) {
    return this.line([command, ...args.map((arg) => (typeof arg === 'string' ? arg : encode(arg)))].join(' '));
  }

  async ask(command, ...args) {
    const [outcome, ...values] = (await this.say(command, ...args)).split(' ');
    assert.equal(outcome, 'ok', `${command}: ${values.join(' ')}`);
    return values.map((value) => (value === '-' ? Buffer.alloc(0) : Buffer.from(value, 'base64')));
  }

  async one(command, ...args) {
    const values = await this.ask(command, ...args);
    assert.equal(values.length, 1);
    return values[0];
  }

  async refuses(reason, command, ...args) {
    assert.match(await this.say(command, ...args), new RegExp(`^err ${reason} \\S`));
  }

  end() {
    this.#child.stdin.end();
    return this.#status;
  }
}

const encode = (bytes) => (bytes.length === 0 ? '-' : Buffer.from(bytes).toString('base64'));
const hex = (text) => Buffer.from(text ?? '', 'hex');
const read = (name) => JSON.parse(readFileSync(new URL(VECTORS + name, import.meta.url)));
const changed = (bytes) => { const copy = Buffer.from(bytes); copy[copy.length - 1] ^= 1; return copy; };
const pattern = (length) => Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31) ^ (index >> 8)));
const bytes = (text) => Buffer.from(text);

const peer = new Peer();
after(async () => assert.equal(await peer.end(), 0, 'end of input ends the peer with status 0'));

async function identity(id) {
  const [privateKey, publicKey] = await peer.ask('keygen');
  await peer.ask('key', id, publicKey);
  return { id, privateKey };
}

async function handshake(clientName, client, serverName, server) {
  await peer.ask('new', clientName, client.id, client.privateKey);
  await peer.ask('new', serverName, server.id, server.privateKey);
  const message1 = await peer.one('request', clientName);
  const message2 = await peer.one('reply', serverName, message1);
  const message3 = await peer.one('reply', clientName, message2);
  const message4 = await peer.one('reply', serverName, message3);
  assert.equal((await peer.one('reply', clientName, message4)).length, 0);
}

async function carries(payload, sender, receiver) {
  assert.deepEqual(await peer.one('unwrap', receiver, await peer.one('wrap', sender, payload)), payload);
}

async function inState(expected, name) {
  assert.equal((await peer.one('state', name)).toString(), expected);
}

test('two sessions do a handshake and exchange messages', async () => {
  const client = await identity(bytes('client'));
  const server = await identity(bytes('server'));
  await peer.ask('new', 'c', client.id, client.privateKey);
  await peer.ask('new', 's', server.id, server.privateKey);
  await inState('idle', 'c');
  assert.equal((await peer.one('remote', 'c')).length, 0);

  const message1 = await peer.one('request', 'c');
  await inState('negotiating', 'c');
  await peer.refuses('INVALID_PARAMETER', 'reply', 's', changed(message1));
  await inState('idle', 's');
  const message2 = await peer.one('reply', 's', message1);
  await inState('negotiating', 's');
  const message3 = await peer.one('reply', 'c', message2);
  await peer.refuses('SSESSION_KA_NOT_FINISHED', 'wrap', 'c', bytes('early'));
  const message4 = await peer.one('reply', 's', message3);
  await inState('established', 's');
  const held = await peer.one('wrap', 's', bytes('held back'));
  await peer.refuses('SSESSION_KA_NOT_FINISHED', 'unwrap', 'c', held);
  assert.equal((await peer.one('reply', 'c', message4)).length, 0);
  await inState('established', 'c');
  assert.deepEqual(await peer.one('unwrap', 'c', held), bytes('held back'));

  assert.deepEqual(await peer.one('remote', 'c'), server.id);
  assert.deepEqual(await peer.one('remote', 's'), client.id);
  await carries(bytes('there'), 'c', 's');
  await carries(bytes('and back'), 's', 'c');
  await peer.refuses('FAIL', 'unwrap', 's', changed(await peer.one('wrap', 'c', bytes('damaged'))));
  await peer.refuses('INVALID_PARAMETER', 'wrap', 'c', bytes(''));
  await peer.refuses('ESTABLISHED', 'reply', 'c', message4);
  await peer.refuses('ESTABLISHED', 'request', 'c');
  await carries(bytes('none of it did harm'), 'c', 's');
});

test('an unknown id is refused until it is known', async () => {
  const [privateKey, publicKey] = await peer.ask('keygen');
  const server = await identity(bytes('another server'));
  await peer.ask('new', 'stranger', bytes('stranger'), privateKey);
  await peer.ask('new', 'host', server.id, server.privateKey);
  const message1 = await peer.one('request', 'stranger');
  await peer.refuses('SSESSION_GET_PUB_FOR_ID_CALLBACK_ERROR', 'reply', 'host', message1);
  await inState('idle', 'host');
  await peer.ask('key', bytes('stranger'), publicKey);
  assert.notEqual((await peer.one('reply', 'host', message1)).length, 0);
});

test('a saved session goes on under another name', async () => {
  await handshake('c', await identity(bytes('client')), 's', await identity(bytes('server')));
  await carries(bytes('before'), 'c', 's');
  const state = await peer.one('save', 's');
  assert.equal(state.length, 60);
  await peer.ask('drop', 's');
  await inState('closed', 's');
  await peer.refuses('CLOSED', 'wrap', 's', bytes('gone'));
  await peer.refuses('DATA_CORRUPT', 'load', 'again', changed(state));
  await peer.refuses('NO_SUCH_SESSION', 'state', 'again');
  await peer.ask('load', 'again', state);
  await inState('established', 'again');
  assert.equal((await peer.one('remote', 'again')).length, 0);
  assert.deepEqual(await peer.one('save', 'again'), state);
  await carries(bytes('after'), 'c', 'again');
  await carries(bytes('after, too'), 'again', 'c');
});

test('the clock decides which messages are too old or too new', async () => {
  const day = 86_400;
  const sent = 1_500_000_000;
  await handshake('c', await identity(bytes('client')), 's', await identity(bytes('server')));
  await peer.ask('clock', String(sent));
  const message = await peer.one('wrap', 'c', bytes('dated'));
  for (const apart of [day + 1, -day - 1]) {
    await peer.ask('clock', String(sent + apart));
    await peer.refuses('INVALID_PARAMETER', 'unwrap', 's', message);
  }
  for (const apart of [day, -day]) {
    await peer.ask('clock', String(sent + apart));
    assert.deepEqual(await peer.one('unwrap', 's', message), bytes('dated'));
  }
  await peer.ask('clock', 'now');
  await peer.refuses('INVALID_PARAMETER', 'unwrap', 's', message);
  await peer.refuses('BAD_REQUEST', 'clock', 'noon');
});

for (const [index, recorded] of read('transcripts.json').entries()) {
  test(`recorded session ${index}, ${recorded.name}`, async () => {
    await peer.ask('clock', String(recorded.unix_time));
    await peer.ask('key', hex(recorded.client_id), hex(recorded.client_public_key));
    await peer.ask('key', hex(recorded.server_id), hex(recorded.server_public_key));
    await peer.ask('new', 's', hex(recorded.server_id), hex(recorded.server_private_key));
    await peer.ask('new', 'c', hex(recorded.client_id), hex(recorded.client_private_key));

    await peer.refuses('INVALID_PARAMETER', 'reply', 's', changed(hex(recorded.m1)));
    assert.notEqual((await peer.one('reply', 's', hex(recorded.m1))).length, 0);
    assert.deepEqual(await peer.one('remote', 's'), hex(recorded.client_id));
    assert.notEqual((await peer.one('request', 'c')).length, 0);
    await peer.refuses('INVALID_SIGNATURE', 'reply', 'c', hex(recorded.m2)); // it signs another E_c

    await peer.ask('load', 's', hex(recorded.server_state_after_handshake));
    await peer.ask('load', 'c', hex(recorded.client_state_after_handshake));
    for (const [from, receiver] of [['client_to_server', 's'], ['server_to_client', 'c']]) {
      for (const { plaintext, wrapped } of recorded[from]) {
        await peer.refuses('FAIL', 'unwrap', receiver, changed(hex(wrapped)));
        assert.deepEqual(await peer.one('unwrap', receiver, hex(wrapped)), hex(plaintext));
      }
    }
    for (const { plaintext } of recorded.client_to_server) await peer.one('wrap', 'c', hex(plaintext));
    for (const { plaintext } of recorded.server_to_client) await peer.one('wrap', 's', hex(plaintext));
    assert.deepEqual(await peer.one('save', 'c'), hex(recorded.client_state_at_end));
    assert.deepEqual(await peer.one('save', 's'), hex(recorded.server_state_at_end));
    await peer.ask('clock', 'now');
  });
}

test('recorded sealed data', async () => {
  const { key_mode: underKey, passphrase_mode: underPassphrase } = read('sealed.json');
  for (const { key, context, plaintext, sealed } of underKey) {
    assert.deepEqual(await peer.one('unseal', hex(key), hex(sealed), hex(context)), hex(plaintext));
    await peer.refuses('FAIL', 'unseal', hex(key), changed(hex(sealed)), hex(context));
  }
  for (const { passphrase_utf8: passphrase, context, plaintext, sealed } of underPassphrase) {
    assert.deepEqual(await peer.one('unsealp', hex(passphrase), hex(sealed), hex(context)), hex(plaintext));
    await peer.refuses('FAIL', 'unsealp', changed(hex(passphrase)), hex(sealed), hex(context));
  }
});

test('recorded primitives', (t) => t.skip('no request of the peer reaches them'));

test('every cell mode opens what it closed', async () => {
  const key = bytes('any bytes');
  const text = bytes('some text');
  for (const context of [[], [bytes('context')]]) {
    const sealed = await peer.one('seal', key, text, ...context);
    assert.equal(sealed.length, text.length + 44);
    assert.deepEqual(await peer.one('unseal', key, sealed, ...context), text);
    await peer.refuses('FAIL', 'unseal', key, sealed, bytes('another'));

    const sealedToo = await peer.one('sealp', key, text, ...context);
    assert.equal(sealedToo.length, text.length + 70);
    assert.deepEqual(await peer.one('unsealp', key, sealedToo, ...context), text);
    await peer.refuses('FAIL', 'unsealp', key, sealedToo, bytes('another'));

    const [token, hidden] = await peer.ask('token', key, text, ...context);
    assert.deepEqual([token.length, hidden.length], [44, text.length]);
    assert.deepEqual(await peer.one('untoken', key, token, hidden, ...context), text);
    assert.deepEqual(await peer.one('unseal', key, Buffer.concat([token, hidden]), ...context), text);
    await peer.refuses('FAIL', 'untoken', key, changed(token), hidden, ...context);
  }
  const imprinted = await peer.one('imprint', key, text, bytes('context'));
  assert.equal(imprinted.length, text.length);
  assert.deepEqual(await peer.one('unimprint', key, imprinted, bytes('context')), text);
  assert.notDeepEqual(await peer.one('unimprint', key, imprinted, bytes('another')), text);
  await peer.refuses('INVALID_PARAMETER', 'imprint', key, text, bytes(''));
});

test('large payloads and ids', async () => {
  const client = await identity(pattern(65_536));
  const server = await identity(pattern(65_536).reverse());
  await handshake('c', client, 's', server);
  assert.deepEqual(await peer.one('remote', 's'), client.id);
  assert.deepEqual(await peer.one('remote', 'c'), server.id);
  await carries(pattern(1 << 20), 'c', 's');
  await carries(pattern(1 << 20), 's', 'c');
});

test(`${SESSIONS} sessions at once`, async () => {
  const client = await identity(bytes('client'));
  const server = await identity(bytes('server'));
  for (let i = 0; i < SESSIONS / 2; i++) await handshake(`c${i}`, client, `s${i}`, server);
  for (let i = 0; i < SESSIONS / 2; i++) {
    await carries(bytes(`up ${i}`), `c${i}`, `s${i}`);
    await carries(bytes(`down ${i}`), `s${i}`, `c${i}`);
  }
  for (let i = 0; i < SESSIONS / 2; i++) {
    await peer.ask('drop', `c${i}`);
    await peer.ask('drop', `s${i}`);
  }
});

test('a bad line gets an answer and does no harm', async () => {
  for (const line of ['', ' ', 'nonsense', 'toString', '__proto__', 'wrap', 'wrap c', 'wrap c a b', 'wrap c %', 'wrap c YQ',
    'new x\0 YQ== YQ==', 'keygen 2 2', '\u2028']) {
    assert.match(await peer.line(line), /^err [A-Z_]+ \S/);
  }
  for (const line of ['keygen 3', 'keygen 5', 'export c', 'import c YQ==', 'hash c']) {
    assert.match(await peer.line(line), /^err UNSUPPORTED \S/);
  }
  await carries(bytes('still here'), 'c', 's');
});

test('a line may come in pieces, and the last without its end', async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL('peer.mjs', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const status = new Promise((resolve) => child.on('exit', resolve));
  for (const piece of ['sta', 'te a\nstate b\r\nst', 'ate c']) {
    await new Promise((resolve) => child.stdin.write(piece, resolve));
  }
  child.stdin.end();
  let said = '';
  for await (const chunk of child.stdout.setEncoding('latin1')) said += chunk;
  assert.deepEqual(said.split('\n'), [...'abc'].map((name) => `err NO_SUCH_SESSION no session is called ${name}`).concat(''));
  assert.equal(await status, 0);
});
