// Uses the playground in a browser as a visitor would, with the network cut off:
// node playground.mjs <url of the page> <file for the screenshot>
import { chromium } from 'playwright-core';

const [url, screenshot] = process.argv.slice(2);
const { origin } = new URL(url);
const requests = [];
const troubles = [];

function record(address) {
  const { protocol, origin: asked } = new URL(address);
  // These two never leave the browser.
  if (protocol === 'data:' || protocol === 'blob:') return;
  requests.push(address);
  if (asked !== origin) troubles.push(`The page asked another host: ${address}`);
}

/** The text of an editor once it has any; its element holds only the lines in view. */
async function editorText(page, area) {
  const text = await page.waitForFunction((selector) => {
    const element = document.querySelector(selector);
    const editors = globalThis.__MONACO.editor.getEditors();
    return editors.find((editor) => element.contains(editor.getDomNode())).getValue();
  }, area);
  return text.jsonValue();
}

/** Runs what is in the editor and gives the answer that the result pane shows. */
async function run(page) {
  // GraphiQL notices the operation a moment after the text has changed.
  const query = await editorText(page, '.graphiql-query-editor');
  const [, name = '<untitled>'] = /^\s*query\s+(\w+)/m.exec(query) ?? [];
  await page.locator('[role=tab][aria-selected=true]', { hasText: name }).waitFor();
  await page.getByRole('button', { name: /^Execute query/ }).click();
  return JSON.parse(await editorText(page, '.graphiql-response'));
}

async function visit(page) {
  await page.goto(url);
  const shows = (area, text) =>
    page.locator(`${area} .view-lines`, { hasText: text }).waitFor();
  await shows('.graphiql-query-editor', /Patty\sJenkins/);

  await run(page);
  await shows('.graphiql-response', /"name":\s"Patty\sJenkins"/);
  await page.screenshot({ path: screenshot });

  const menu = page.getByRole('combobox', { name: 'Examples' });
  const examples = await menu.locator('option:not([value=""])').allTextContents();
  if (examples.length < 6 || examples.length > 12) {
    troubles.push(`The menu has ${examples.length} examples and should have 6 to 12.`);
  }
  for (const label of examples) {
    await menu.selectOption({ label });
    const answer = await run(page);
    if (answer.errors || !answer.data) {
      troubles.push(`The example "${label}" failed: ${JSON.stringify(answer.errors ?? answer)}`);
    }
  }
  return examples;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
});
let examples = [];
try {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  context.on('request', (request) => record(request.url()));
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('websocket', (socket) => record(socket.url()));
  page.on('pageerror', (error) => troubles.push(`The page failed: ${error.message}`));
  page.on('console', (message) => {
    // Without its workers Monaco goes on, slowly, and only warns.
    if (message.type() === 'error' || message.text().includes('web worker')) {
      troubles.push(`The console says: ${message.text()}`);
    }
  });
  examples = await visit(page);
} catch (error) {
  troubles.push(error.message);
} finally {
  await browser.close();
}

if (troubles.length > 0) {
  console.error(troubles.join('\n'));
  process.exit(1);
}
const hosts = [...new Set(requests.map((address) => new URL(address).host))];
console.log(JSON.stringify({ ok: true, requests: requests.length, hosts, examples }));
