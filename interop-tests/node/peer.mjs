// A foreign Secure Session peer for the interoperability tests: wasm-themis, controlled by the line
// protocol of `secure-session peer`, so that one test can drive either of them.
//
// The protocol: each line of standard input is a request, `command arg arg ...`, and each line of
// standard output an answer, `ok value value ...` or `err REASON text`. Arguments and values are base64
// (standard alphabet, padded), `-` standing for empty bytes; session names, curves and seconds are
// plain words. Answers come in the order of the requests. The process exits with status 0 at the end
// of its input, and never before. A refused request changes nothing.
//
// REASON is the name of the reference's error code (INVALID_PARAMETER, FAIL, ...) if the reference
// refused, the reason of a Refusal if this file refused, and the name of the JavaScript error after
// any other failure.
//
// The table at the end of this file lists every request. Notes on some of them:
//   - `save`, `load` and `remote` are not in the JavaScript interface of the package. They call the
//     C functions, which the WebAssembly module exports all the same.
//   - `request` and `reply` are for a session that is not established yet, `wrap` and `unwrap` for
//     one that is: this peer sends no early data, but a server here takes it once it has message 3.
//   - `token`, `untoken`, `imprint` and `unimprint` are extra: the two other cell modes. So are
//     `rsakeygen` (a C function again), `sign`, `verify`, `encrypt` and `decrypt`: Secure Message;
//     `comparator`, `compare`, `proceed` and `result`: one Secure Comparator at a time.
//   - `export`, `import`, `hash` and key pairs on other curves than P-256 answer UNSUPPORTED.
//
// Two notes on loading the package under Node 18 and later. Its loader prefers a global `fetch` to
// the file system, but Node's `fetch` does not read files, so `fetch` is removed before
// `initialize()`. No function of the package works before `initialize()` has been awaited, which is
// possible only once per process.

import {
  initialize, KeyPair, PrivateKey, PublicKey, SecureCellContextImprint, SecureCellSeal,
  SecureCellTokenProtect, SecureComparator, SecureMessage, SecureMessageSign, SecureMessageVerify,
  SecureSession, ThemisError, ThemisErrorCode,
} from 'wasm-themis';

console.log = console.error; // standard output belongs to the protocol
process.stdout.on('error', () => process.exit(0)); // the parent process has closed the pipe

delete globalThis.fetch;
const wasm = await initialize();

class Refusal extends Error {
  constructor(reason, text) {
    super(text);
    this.reason = reason;
  }
}

// --- time ---------------------------------------------------------------------------------------

// The C library of the module reads the time from Date.now() and keeps the seconds in 32 signed bits.
const LAST_SECOND = 2 ** 31 - 1;
const realNow = Date.now;

function setClock(seconds) {
  if (seconds === 'now') {
    Date.now = realNow;
  } else if (/^[0-9]{1,10}$/.test(seconds) && Number(seconds) <= LAST_SECOND) {
    const milliseconds = Number(seconds) * 1000;
    Date.now = () => milliseconds;
  } else {
    throw new Refusal('BAD_REQUEST', `the clock takes "now" or seconds from 0 to ${LAST_SECOND}`);
  }
}

// --- functions that the JavaScript interface lacks ----------------------------------------------

// Sizes that exceed those of the C structures on a 32-bit target: a session has fewer than 300 bytes,
// the callbacks are five pointers.
const SESSION_LENGTH = 1024;
const CALLBACKS_LENGTH = 20;

function allocate(length) {
  const pointer = wasm._malloc(length);
  if (!pointer) throw new ThemisError('SecureSession', ThemisErrorCode.NO_MEMORY);
  wasm._memset(pointer, 0, length);
  return pointer;
}

function release(pointer, length) {
  wasm._memset(pointer, 0, length);
  wasm._free(pointer);
}

function check(status, expected = ThemisErrorCode.SUCCESS) {
  if (status !== expected) throw new ThemisError('SecureSession', status);
}

// Calls a C function that writes bytes: first without a buffer for their number, then for the bytes.
function bytesFrom(call) {
  const lengthPointer = allocate(4);
  let length = 0;
  let pointer = 0;
  try {
    check(call(0, lengthPointer), ThemisErrorCode.BUFFER_TOO_SMALL);
    length = wasm.getValue(lengthPointer, 'i32');
    if (length === 0) return new Uint8Array();
    pointer = allocate(length);
    check(call(pointer, lengthPointer));
    return wasm.HEAPU8.slice(pointer, pointer + wasm.getValue(lengthPointer, 'i32'));
  } finally {
    if (pointer) release(pointer, length);
    release(lengthPointer, 4);
  }
}

function remoteId(session) {
  return bytesFrom((out, length) => wasm._secure_session_get_remote_id(session.sessionPtr, out, length));
}

function saved(session) {
  return bytesFrom((out, length) => wasm._secure_session_save(session.sessionPtr, out, length));
}

// The C function fills an empty structure. The constructor of the class is not called, because its
// allocations would be overwritten without being freed. A restored session needs no key callback.
function restored(state) {
  const session = Object.create(SecureSession.prototype);
  session.sessionPtr = allocate(SESSION_LENGTH);
  session.callbacksPtr = allocate(CALLBACKS_LENGTH);
  const statePointer = allocate(state.length);
  try {
    wasm.HEAPU8.set(state, statePointer);
    check(wasm._secure_session_load(session.sessionPtr, statePointer, state.length, session.callbacksPtr));
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  } finally {
    release(statePointer, state.length);
  }
}

// --- sessions -----------------------------------------------------------------------------------

const directory = new Map(); // base64 of an id -> PublicKey
const sessions = new Map(); // name -> { session, role }, or CLOSED
const CLOSED = Object.freeze({});

function entry(name) {
  const found = sessions.get(name);
  if (found === undefined) throw new Refusal('NO_SUCH_SESSION', `no session is called ${name}`);
  return found;
}

function open(name) {
  const found = entry(name);
  if (found === CLOSED) throw new Refusal('CLOSED', `session ${name} is closed`);
  return found;
}

function close(name) {
  const found = sessions.get(name);
  if (found !== undefined && found !== CLOSED) found.session.destroy();
  sessions.set(name, CLOSED);
}

// Replaces an older session of that name, but only after the new one was made.
function put(name, session) {
  close(name);
  sessions.set(name, { session, role: null });
}

function create(name, id, privateKey) {
  put(name, new SecureSession(id, new PrivateKey(privateKey), (peerId) => directory.get(encode(peerId)) ?? null));
}

function stateOf(name) {
  const found = entry(name);
  if (found === CLOSED) return 'closed';
  if (found.session.established()) return 'established';
  return found.role === null ? 'idle' : 'negotiating';
}

// A request in the wrong state is refused before it reaches the reference, so that it changes nothing.
function unfinished(name) {
  const found = open(name);
  if (found.session.established()) throw new Refusal('ESTABLISHED', 'the handshake is finished');
  return found;
}

function established(name) {
  const { session } = open(name);
  if (!session.established()) check(ThemisErrorCode.SSESSION_KA_NOT_FINISHED);
  return session;
}

function request(name) {
  const found = unfinished(name);
  if (found.role === 'server') throw new Refusal('WRONG_ROLE', 'a server makes no message 1');
  const message = found.session.connectionRequest();
  found.role = 'client';
  return message;
}

function reply(name, message) {
  const found = unfinished(name);
  const answer = found.session.negotiateReply(message);
  found.role ??= 'server';
  return answer;
}

function keyPair(curve = '2') {
  if (curve !== '2') throw new Refusal('UNSUPPORTED', 'the reference makes key pairs on P-256 only');
  return new KeyPair();
}

// The C function writes both keys in one call: first without buffers for their lengths, then with them.
function rsaKeyPair() {
  const lengths = allocate(8);
  const generate = (privateKey, publicKey) =>
    wasm._themis_gen_rsa_key_pair(privateKey, lengths, publicKey, lengths + 4);
  const pointers = [0, 0];
  const sizes = [0, 0];
  try {
    check(generate(0, 0), ThemisErrorCode.BUFFER_TOO_SMALL);
    [0, 1].forEach((i) => {
      sizes[i] = wasm.getValue(lengths + 4 * i, 'i32');
      pointers[i] = allocate(sizes[i]);
    });
    check(generate(pointers[0], pointers[1]));
    return [0, 1].map((i) => wasm.HEAPU8.slice(pointers[i], pointers[i] + wasm.getValue(lengths + 4 * i, 'i32')));
  } finally {
    pointers.forEach((pointer, i) => { if (pointer) release(pointer, sizes[i]); });
    release(lengths, 8);
  }
}

function unsupported() {
  throw new Refusal('UNSUPPORTED', 'the reference has no such function');
}

// --- requests -----------------------------------------------------------------------------------

const seal = (key) => SecureCellSeal.withKey(key);
const sealWithPassphrase = (passphrase) => SecureCellSeal.withPassphrase(passphrase);
const tokenProtect = (key) => SecureCellTokenProtect.withKey(key);
const contextImprint = (key) => SecureCellContextImprint.withKey(key);

// Each request: its arguments, optional ones in brackets, and a function that returns the values.
const requests = new Map();
const on = (usage, run) => {
  const [command, ...parameters] = usage.split(' ');
  requests.set(command, { usage, parameters, run });
};

on('keygen [CURVE]', (curve) => { const pair = keyPair(curve); return [pair.privateKey, pair.publicKey]; });
on('key ID PUBLIC', (id, publicKey) => { directory.set(encode(id), new PublicKey(publicKey)); return []; });
on('new NAME ID PRIVATE', (name, id, privateKey) => { create(name, id, privateKey); return []; });
on('request NAME', (name) => [request(name)]);
on('reply NAME MESSAGE', (name, message) => [reply(name, message)]);
on('state NAME', (name) => [Buffer.from(stateOf(name))]);
on('remote NAME', (name) => [remoteId(open(name).session)]);
on('wrap NAME PAYLOAD', (name, payload) => [established(name).wrap(payload)]);
on('unwrap NAME MESSAGE', (name, message) => [established(name).unwrap(message)]);
on('save NAME', (name) => [saved(open(name).session)]);
on('load NAME STATE', (name, state) => { put(name, restored(state)); return []; });
on('clock SECONDS', (seconds) => { setClock(seconds); return []; });
on('drop NAME', (name) => { entry(name); close(name); return []; });

on('seal KEY DATA [CONTEXT]', (key, data, context) => [seal(key).encrypt(data, context)]);
on('unseal KEY SEALED [CONTEXT]', (key, sealed, context) => [seal(key).decrypt(sealed, context)]);
on('sealp PASSPHRASE DATA [CONTEXT]', (passphrase, data, context) => [sealWithPassphrase(passphrase).encrypt(data, context)]);
on('unsealp PASSPHRASE SEALED [CONTEXT]', (passphrase, sealed, context) => [sealWithPassphrase(passphrase).decrypt(sealed, context)]);
on('token KEY DATA [CONTEXT]', (key, data, context) => { const made = tokenProtect(key).encrypt(data, context); return [made.token, made.data]; });
on('untoken KEY TOKEN DATA [CONTEXT]', (key, token, data, context) => [tokenProtect(key).decrypt(data, token, context)]);
on('imprint KEY DATA CONTEXT', (key, data, context) => [contextImprint(key).encrypt(data, context)]);
on('unimprint KEY DATA CONTEXT', (key, data, context) => [contextImprint(key).decrypt(data, context)]);

const pairOf = (privateKey, publicKey) => new SecureMessage(new PrivateKey(privateKey), new PublicKey(publicKey));
on('rsakeygen', rsaKeyPair);
on('sign PRIVATE DATA', (privateKey, data) => [new SecureMessageSign(new PrivateKey(privateKey)).sign(data)]);
on('verify PUBLIC SIGNED', (publicKey, signed) => [new SecureMessageVerify(new PublicKey(publicKey)).verify(signed)]);
on('encrypt PRIVATE PUBLIC DATA', (privateKey, publicKey, data) => [pairOf(privateKey, publicKey).encrypt(data)]);
on('decrypt PRIVATE PUBLIC DATA', (privateKey, publicKey, data) => [pairOf(privateKey, publicKey).decrypt(data)]);

let comparator = null;

on('comparator SECRET', (secret) => {
  comparator?.destroy();
  comparator = new SecureComparator(secret);
  return [new Uint8Array()];
});
on('compare', () => [comparator.begin()]);
on('proceed MESSAGE', (message) => [comparator.proceed(message)]);
on('result', () => {
  if (!comparator.complete()) return [Buffer.from('NOT_READY')];
  return [Buffer.from(comparator.compareEqual() ? 'MATCH' : 'NO_MATCH')];
});

on('export NAME', unsupported);
on('import NAME STATE', unsupported);
on('hash NAME', unsupported);

// --- lines --------------------------------------------------------------------------------------

const PLAIN_WORDS = new Set(['NAME', 'CURVE', 'SECONDS']);
const MAX_LINE_LENGTH = 64 * 1024 * 1024;

const REASONS = new Map(Object.entries(ThemisErrorCode)
  .filter(([name, code]) => typeof code === 'number' && !name.startsWith('SCOMPARE_'))
  .map(([name, code]) => [code, name]));

function encode(bytes) {
  return bytes.length === 0 ? '-' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function decode(word) {
  if (word === '-') return new Uint8Array();
  const bytes = Buffer.from(word, 'base64');
  if (bytes.toString('base64') !== word) throw new Refusal('BAD_REQUEST', 'an argument is not base64');
  return new Uint8Array(bytes);
}

function argumentsOf({ usage, parameters }, words) {
  const required = parameters.filter((parameter) => !parameter.startsWith('['));
  if (words.length < required.length || words.length > parameters.length) {
    throw new Refusal('BAD_REQUEST', `usage: ${usage}`);
  }
  return parameters.map((parameter, index) => {
    if (words[index] === undefined) return parameter === '[CONTEXT]' ? null : undefined;
    return PLAIN_WORDS.has(parameter.replace(/[[\]]/g, '')) ? words[index] : decode(words[index]);
  });
}

function answer(line) {
  const stack = wasm.stackSave();
  try {
    const [command, ...words] = line.trim().split(/ +/);
    const found = requests.get(command);
    if (found === undefined) throw new Refusal('BAD_REQUEST', 'no such command');
    return ['ok', ...found.run(...argumentsOf(found, words)).map(encode)].join(' ');
  } catch (error) {
    wasm.stackRestore(stack); // an error that passes through WebAssembly frames does not remove them from the stack
    const reason = error.reason ?? REASONS.get(error.errorCode) ?? error.name ?? 'Error';
    return `err ${reason} ${String(error.message).replace(/\s+/g, ' ')}`;
  }
}

// Splits at line feeds only, unlike readline, and does not keep a line that exceeds the maximum length.
async function* lines(input) {
  let pieces = [];
  let length = 0;
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      length += end - start;
      pieces.push(chunk.subarray(start, end));
      yield length > MAX_LINE_LENGTH ? null : Buffer.concat(pieces).toString('latin1');
      pieces = [];
      length = 0;
      start = end + 1;
    }
    length += chunk.length - start;
    if (length > MAX_LINE_LENGTH) pieces = [];
    else pieces.push(chunk.subarray(start));
  }
  if (length > 0) yield length > MAX_LINE_LENGTH ? null : Buffer.concat(pieces).toString('latin1');
}

for await (const line of lines(process.stdin)) {
  const said = line === null ? `err BAD_REQUEST a line has at most ${MAX_LINE_LENGTH} bytes` : answer(line);
  if (!process.stdout.write(`${said}\n`)) await new Promise((resume) => process.stdout.once('drain', resume));
}
