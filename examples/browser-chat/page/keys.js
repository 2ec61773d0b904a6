// Keys that are made in this browser and stay here: our own, the server's, and those of the people
// whose fingerprints were compared.

import { KeyPair, PrivateKey, PublicKey } from 'wasm-themis';

const STORES = ['identities', 'pins'];

function database() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('secure-session-chat', 1);
    opening.onupgradeneeded = () => STORES.forEach((store) => opening.result.createObjectStore(store));
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(new Error(`This browser does not let the page keep keys: ${opening.error}`));
  });
}

async function inStore(store, mode, operation) {
  const opened = await database();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = opened.transaction(store, mode);
      const request = operation(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    opened.close();
  }
}

/** Returns the key pair of a name, and makes one the first time. */
export async function identity(name) {
  const kept = await inStore('identities', 'readonly', (store) => store.get(name));
  if (kept) return new KeyPair(new PrivateKey(kept.privateKey), new PublicKey(kept.publicKey));
  const made = new KeyPair();
  const record = { privateKey: new Uint8Array(made.privateKey), publicKey: new Uint8Array(made.publicKey) };
  await inStore('identities', 'readwrite', (store) => store.put(record, name));
  return made;
}

/** Returns the fingerprint that was compared for `who`, or undefined. */
export const pinned = (who) => inStore('pins', 'readonly', (store) => store.get(who));

export const pin = (who, print) => inStore('pins', 'readwrite', (store) => store.put(print, who));

export const unpin = (who) => inStore('pins', 'readwrite', (store) => store.delete(who));

/** The SHA-256 digest of a public key, as the Java library prints it. */
export async function fingerprint(publicKey) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', publicKey));
  return 'SHA256:' + btoa(String.fromCharCode(...digest)).replace(/=+$/, '');
}
