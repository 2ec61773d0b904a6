// The page: three steps (name, fingerprint of the server, chat), one error banner.

import { initialize, PublicKey } from 'wasm-themis';
import { connect } from './connection.js';
import { fingerprint, identity, pin, pinned, unpin } from './keys.js';

const SERVER = 'chat-server';
const $ = (id) => document.getElementById(id);

let name;
let keys;
let server; // { key, print }
let connection;

// ---- steps and errors

function show(step) {
  for (const each of document.querySelectorAll('body > [data-step]')) each.hidden = each.dataset.step !== step;
  document.body.dataset.step = step;
  document.querySelector(`body > [data-step="${step}"] [autofocus]`)?.focus();
}

function fail(title, text) {
  $('error-title').textContent = title;
  $('error-text').textContent = text;
  $('error').hidden = false;
}

function clearError() {
  $('error').hidden = true;
}

/** Groups of four are easier to compare. */
function showPrint(element, print) {
  const digest = print.replace('SHA256:', '');
  element.replaceChildren(...digest.match(/.{1,4}/g).map((group) => {
    const part = document.createElement('span');
    part.textContent = group;
    return part;
  }));
  element.title = print;
}

function attempt(button, action) {
  return async (event) => {
    event.preventDefault();
    clearError();
    button.disabled = true;
    try {
      await action();
    } catch (problem) {
      fail(problem.title ?? 'That did not work', problem.message);
    } finally {
      button.disabled = false;
    }
  };
}

function problem(title, text) {
  return Object.assign(new Error(text), { title });
}

// ---- step 1: a name and a key

async function introduce() {
  name = $('name').value.trim();
  if (!name) throw problem('A name is missing', 'The others need to know what to call you.');
  keys = await identity(name);
  const print = await fingerprint(keys.publicKey);
  showPrint($('own-print'), print);
  $('own-name').textContent = name;
  await learnServer();
  await join();
  localStorage.setItem('name', name);
  if (await pinned(SERVER) === server.print) await enter();
  else show('compare');
}

async function learnServer() {
  const answer = await fetch('/server-key').catch(() => undefined);
  if (!answer?.ok) throw problem('The server does not answer', 'Check that it runs, and try again.');
  const key = new PublicKey(new Uint8Array(await answer.arrayBuffer()));
  server = { key, print: await fingerprint(key) };
  showPrint($('server-print'), server.print);
  const before = await pinned(SERVER);
  if (before && before !== server.print) {
    showPrint($('old-print'), before);
    showPrint($('new-print'), server.print);
    show('changed');
    throw problem('The key of the server has changed',
      'Somebody may be posing as the server. Do not go on before its operator has confirmed the new fingerprint.');
  }
}

async function join() {
  const answer = await fetch(`/join?name=${encodeURIComponent(name)}`, { method: 'POST', body: keys.publicKey });
  if (answer.status === 409) {
    throw problem('That name is taken',
      `“${name}” belongs to another key. If it is you in another browser, the private key is there. Choose another name.`);
  }
  if (!answer.ok) throw problem('The server did not accept the key', await answer.text());
}

// ---- step 2: the fingerprint of the server

async function accept() {
  await pin(SERVER, server.print);
  await enter();
}

function refuse() {
  fail('Not connected', 'The fingerprints differ, so this is not the server you wanted. Nothing was sent to it but your name and public key.');
  show('welcome');
}

async function forget() {
  await unpin(SERVER);
  show('compare');
}

// ---- step 3: the chat

async function enter() {
  const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/session`;
  connection = await connect(address, name, keys, SERVER, server.key, { onPayload: receive, onEnd: lost });
  $('messages').replaceChildren();
  $('composer').classList.remove('off');
  $('text').disabled = false;
  $('status').textContent = 'Encrypted session';
  $('status').className = 'status on';
  show('chat');
  $('text').focus();
}

function lost(reason) {
  $('status').textContent = 'Not connected';
  $('status').className = 'status off';
  $('text').disabled = true;
  $('composer').classList.add('off');
  fail('Disconnected', reason);
  $('reconnect').hidden = false;
}

async function reconnect() {
  $('reconnect').hidden = true;
  await introduce();
}

function receive(value) {
  if (value.type === 'people') showPeople(value.people);
  else if (value.type === 'message') showMessage(value);
  else if (value.type === 'note') showNote(value.text);
}

async function showPeople(people) {
  const rows = await Promise.all(people.map(async (person) => person.name === name ? undefined : personRow(person)));
  const others = rows.filter((row) => row);
  $('people').replaceChildren(...others);
  $('alone').hidden = others.length > 0;
}

async function personRow(person) {
  const row = $('person').content.firstElementChild.cloneNode(true);
  const before = await pinned(`person ${person.name}`);
  row.dataset.name = person.name;
  row.querySelector('.person-name').textContent = person.name;
  paintAvatar(row.querySelector('.avatar'), person.name, person.fingerprint);
  showPrint(row.querySelector('.print'), person.fingerprint);
  const box = row.querySelector('input');
  box.checked = before === person.fingerprint;
  row.classList.toggle('compared', box.checked);
  row.classList.toggle('changed', Boolean(before) && !box.checked);
  box.onchange = async () => {
    if (box.checked) await pin(`person ${person.name}`, person.fingerprint);
    else await unpin(`person ${person.name}`);
    row.classList.toggle('compared', box.checked);
    row.classList.remove('changed');
  };
  return row;
}

function paintAvatar(element, who, seed) {
  let sum = 0;
  for (const character of seed ?? who) sum = (sum * 31 + character.codePointAt(0)) % 360;
  element.style.setProperty('--hue', sum);
  element.textContent = [...who][0].toUpperCase();
}

function showMessage({ from, text, at }) {
  const row = $('message').content.firstElementChild.cloneNode(true);
  row.classList.toggle('own', from === name);
  row.querySelector('.from').textContent = from === name ? 'You' : from;
  row.querySelector('time').textContent = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  row.querySelector('.text').textContent = text;
  append(row);
}

function showNote(text) {
  const row = document.createElement('li');
  row.className = 'note';
  row.textContent = text;
  append(row);
}

function append(row) {
  $('messages').append(row);
  row.scrollIntoView({ block: 'end' });
}

function say(event) {
  event.preventDefault();
  const text = $('text').value.trim();
  if (!text) return;
  connection.send(text);
  $('text').value = '';
}

// ---- begin

try {
  await initialize('/libthemis.wasm');
  $('name').value = localStorage.getItem('name') ?? '';
  $('welcome-form').onsubmit = attempt($('introduce'), introduce);
  $('match').onclick = attempt($('match'), accept);
  $('differ').onclick = refuse;
  $('stay-away').onclick = refuse;
  $('forget').onclick = attempt($('forget'), forget);
  $('composer').onsubmit = say;
  $('reconnect').onclick = attempt($('reconnect'), reconnect);
  $('dismiss').onclick = clearError;
  show('welcome');
} catch (broken) {
  fail('This browser cannot run the chat', `It needs WebAssembly, IndexedDB and a page from localhost or over HTTPS. (${broken.message})`);
}
