// People in browsers: node test.mjs CHROMIUM ADDRESS SERVER-FINGERPRINT PICTURES
//
// Each person has a browser profile of their own. Exits with status 1 and says what was expected if
// anything goes another way.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [executablePath, address, serverPrint, pictures] = process.argv.slice(2);
mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });

async function person(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 760 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.broken = [];
  page.on('pageerror', (error) => page.broken.push(error));
  return page;
}

const picture = (page, name) => page.screenshot({ path: `${pictures}/${name}.png` });
async function step(page, name) {
  try {
    await page.waitForSelector(`body > [data-step="${name}"]`);
  } catch (timeout) {
    throw new Error(`no step ${name}; the page says: ${await page.textContent('#error')}`, { cause: timeout });
  }
}

const print = (page, selector) => page.getAttribute(selector, 'title');

async function introduce(page, name) {
  await page.goto(address);
  await step(page, 'welcome');
  await page.fill('#name', name);
  await page.click('#introduce');
}

async function enter(page, name) {
  await introduce(page, name);
  await step(page, 'compare');
  await page.click('#match');
  await step(page, 'chat');
}

async function say(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

const hears = (page, text) => page.waitForSelector(`.message .text:text-is("${text}")`);

async function error(page, title) {
  await page.waitForSelector('#error:not([hidden])');
  assert.equal(await page.textContent('#error-title'), title);
}

try {
  // Ada comes first, and compares the fingerprint that the server has printed.
  const ada = await person();
  await ada.goto(address);
  await step(ada, 'welcome');
  await picture(ada, '1-welcome');
  await introduce(ada, 'Ada');
  await step(ada, 'compare');
  assert.equal(await print(ada, '#server-print'), serverPrint);
  await picture(ada, '2-compare');
  await ada.click('#match');
  await step(ada, 'chat');
  await ada.waitForSelector('#alone:not([hidden])');

  // Two more, one of them in the dark. Everybody sees everybody's fingerprint as its owner does.
  const grace = await person({ colorScheme: 'dark' });
  await enter(grace, 'Grace');
  const zoe = await person({ viewport: { width: 420, height: 800 } });
  await enter(zoe, 'Zoë 🌻');
  for (const [owner, name] of [[grace, 'Grace'], [zoe, 'Zoë 🌻']]) {
    await ada.waitForSelector(`.person[data-name="${name}"]`);
    assert.equal(await print(ada, `.person[data-name="${name}"] .print`), await print(owner, '#own-print'));
  }

  await say(ada, 'Hello, you two. Is the fingerprint you see for me the one that I read to you?');
  await hears(grace, 'Hello, you two. Is the fingerprint you see for me the one that I read to you?');
  await grace.check('.person[data-name="Ada"] input');
  await say(grace, 'It is. Compared, and ticked.');
  const tricky = 'Für mich auch: <b>passt</b> & "alles" \\ gut 👍';
  await say(zoe, tricky);
  await hears(ada, 'It is. Compared, and ticked.');
  await ada.waitForFunction((text) => [...document.querySelectorAll('.message .text')]
    .some((each) => each.textContent === text), tricky);
  await hears(zoe, 'It is. Compared, and ticked.');
  await picture(ada, '3-chat');
  await picture(grace, '4-chat-dark');
  await picture(zoe, '5-chat-narrow');

  // Keys are kept: after a reload the name has the same key, nothing is asked, and the tick is still there.
  const before = await print(grace, '#own-print');
  await introduce(grace, 'Grace');
  await step(grace, 'chat');
  assert.equal(await print(grace, '#own-print'), before);
  await grace.waitForSelector('.person[data-name="Ada"].compared');

  // Another browser cannot take a name that belongs to a key.
  const impostor = await person();
  await introduce(impostor, 'Ada');
  await error(impostor, 'That name is taken');
  await picture(impostor, '6-name-taken');

  // Whoever sees another fingerprint than the one in their hand does not connect.
  const careful = await person();
  await introduce(careful, 'Linus');
  await step(careful, 'compare');
  await careful.click('#differ');
  await error(careful, 'Not connected');

  // A server with another key than the one compared is not talked to.
  const other = await (await fetch(`${address}/server-key`)).arrayBuffer();
  assert.equal(other.byteLength, 45);
  await careful.route('**/server-key', async (route) => {
    // The public key of somebody else: Ada's, as a fake server could show its own.
    const key = await ada.evaluate(() => new Promise((resolve) => {
      indexedDB.open('secure-session-chat').onsuccess = ({ target }) => {
        target.result.transaction('identities').objectStore('identities').get('Ada').onsuccess = (event) =>
          resolve([...event.target.result.publicKey]);
      };
    }));
    await route.fulfill({ body: Buffer.from(key), contentType: 'application/octet-stream' });
  });
  await introduce(careful, 'Linus');
  await step(careful, 'compare');
  assert.notEqual(await print(careful, '#server-print'), serverPrint);
  await careful.click('#match');
  await error(careful, 'That did not work');
  assert.match(await careful.textContent('#error-text'), /did not prove/);
  await careful.unroute('**/server-key');
  await introduce(careful, 'Linus');
  await step(careful, 'changed');
  await error(careful, 'The key of the server has changed');
  await picture(careful, '7-key-changed');
  await careful.click('#stay-away');
  await step(careful, 'welcome');
  await error(careful, 'Not connected');

  // Somebody leaves, and the others see it.
  await zoe.context().close();
  await ada.waitForSelector('.note:text-is("Zoë 🌻 has left")');
  await ada.waitForSelector('.person[data-name="Zoë 🌻"]', { state: 'detached' });

  for (const page of [ada, grace, impostor, careful]) assert.deepEqual(page.broken, []);
  console.log('browser chat: all as expected');
} finally {
  await browser.close();
}
