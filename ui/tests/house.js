// The real binary in front of simulated vendors, and a browser in front of both.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = process.env.CROSSFADE_BINARY ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug/crossfade');
const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The longest that anything is waited for. */
export const SOON = 20_000;
export const ADMIN = 'the-admin-token-of-these-tests';
export const OPERATOR = 'the-operator-token-of-these-tests';
export const VIEWER = 'the-viewer-token-of-these-tests';
export const APP = 'cf-app-of-the-file-0123456789';

/** Tries until it gives something that holds; never for a fixed time. */
export async function until(what, look, deadline = SOON) {
  const end = Date.now() + deadline;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`not within ${deadline} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const onExit = (then) => process.on('exit', then);

/** A child process whose output is kept, and shown if it ends by itself. */
function start(args, options = {}) {
  if (!existsSync(BINARY)) throw new Error(`there is no ${BINARY}: run cargo build first`);
  const child = spawn(BINARY, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  // Nothing outlives the tests, however they end.
  onExit(() => child.kill('SIGKILL'));
  const process = { child, log: '', ended: false };
  const keep = (text) => (process.log += text);
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  child.on('exit', () => (process.ended = true));
  return process;
}

async function stop(process) {
  if (process.ended) return;
  const gone = new Promise((resolve) => process.child.once('exit', resolve));
  process.child.kill('SIGKILL');
  await gone;
}

async function answers(url, process) {
  await until(`${url} answers`, async () => {
    if (process.ended) throw new Error(`crossfade ended:\n${process.log}`);
    return fetch(url).then((answer) => answer.ok, () => false);
  });
}

const usualDeployments = `
  assistant:
    blue:  {provider: sim, model: blue-model}
    green: {provider: sim, model: green-model}
  plain:
    blue:  {provider: sim, model: other-model}`;

/** The gateway with simulated vendors. `deployments` and `further` are parts of its file. */
export async function openHouse({ deployments = usualDeployments, further = '', keys = `keys: [{name: app, secret: ${APP}}]` } = {}) {
  const [listen, admin, sim] = await Promise.all([freePort(), freePort(), freePort()]);
  const folder = await mkdtemp(join(tmpdir(), 'crossfade-ui-'));
  const file = join(folder, 'crossfade.yaml');
  const written = (parts) => `listen: 127.0.0.1:${listen}
admin: 127.0.0.1:${admin}
admin_token: ${ADMIN}
tokens:
  - {name: kim, role: operator, secret: ${OPERATOR}}
  - {name: wall, role: viewer, secret: ${VIEWER}}
workers: 1
providers:
  sim: {dialect: openai, base_url: 'http://127.0.0.1:${sim}/v1', api_key: sk-of-the-vendor-0123}
${parts}
`;
  await writeFile(file, written(`${deployments ? `deployments:${deployments}` : ''}\n${keys}\n${further}`));
  const vendors = start(['simulate', '--listen', `127.0.0.1:${sim}`]);
  let gateway = start(['serve', '-c', file], { cwd: folder });
  await Promise.all([answers(`http://127.0.0.1:${listen}/health`, gateway), answers(`http://127.0.0.1:${sim}/v1/models`, vendors)]);
  const house = {
    file,
    page: `http://127.0.0.1:${admin}/`,
    clients: `http://127.0.0.1:${listen}`,
    vendors: `http://127.0.0.1:${sim}`,
    async admin(method, path, body) {
      const answer = await fetch(`http://127.0.0.1:${admin}/admin/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN}` },
        body: body && JSON.stringify(body),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text ? JSON.parse(text) : null;
    },
    chat: (headers = {}, model = 'assistant') =>
      fetch(`http://127.0.0.1:${listen}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${APP}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] }),
      }),
    async behave(model, behaviour) {
      const answer = await fetch(`${house.vendors}/sim/models/${model}`, { method: 'POST', body: JSON.stringify(behaviour) });
      if (!answer.ok) throw new Error(`the vendors: ${await answer.text()}`);
    },
    /** Another file than at the start; the running gateway picks it up. */
    configure: (parts) => writeFile(file, written(parts)),
    stopGateway: () => stop(gateway),
    async startGateway() {
      gateway = start(['serve', '-c', file], { cwd: folder });
      await answers(`${house.clients}/health`, gateway);
    },
    log: () => gateway.log,
    async close() {
      await Promise.all([stop(gateway), stop(vendors)]);
      await rm(folder, { recursive: true, force: true });
    },
  };
  for (const model of ['blue-model', 'green-model', 'other-model']) {
    await house.behave(model, { first_byte_median_ms: 5, tokens_per_second: 2000, answer_tokens: 8 });
  }
  return house;
}

/** Requests one after another, some at a time, until told to end. */
export function traffic(house, together = 4) {
  let going = true;
  const one = async () => {
    while (going) {
      await house.chat().then((answer) => answer.arrayBuffer(), () => null);
    }
  };
  const all = Array.from({ length: together }, one);
  return async () => {
    going = false;
    await Promise.all(all);
  };
}

export async function openBrowser() {
  const executablePath = BROWSERS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error('there is no chromium: run scripts/services, or set CHROMIUM');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A page whose console must stay free of errors: `page.troubles` collects them. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', timezoneId: 'Asia/Seoul', viewport: { width: 1360, height: 900 }, ...options });
  context.setDefaultTimeout(SOON);
  const page = await context.newPage();
  page.troubles = [];
  page.on('console', (message) => {
    // A refused log-in is told by the browser too; that is no trouble of the page.
    const expected = /status of (401|403|404|409|429)/.test(message.text());
    if (message.type() === 'error' && !expected) page.troubles.push(message.text());
  });
  page.on('pageerror', (error) => page.troubles.push(String(error)));
  return page;
}

export async function logIn(page, house, token = ADMIN) {
  await page.goto(house.page);
  await page.getByLabel(/Admin token|관리 토큰/).fill(token);
  await page.getByRole('button', { name: /Log in|로그인/ }).click();
  await page.getByRole('navigation').waitFor();
}

let axe;
/** What a screen reader's user would stumble over: serious and critical findings. */
export async function findings(page) {
  axe ??= await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 3).join(' | ')}`);
  });
}
