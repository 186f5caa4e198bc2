// Every page, at two widths, light and dark: nothing a screen reader's user stumbles over, nothing
// that a phone must scroll sideways for, and a picture of each for people to look at.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { findings, logIn, openBrowser, openHouse, openPage, traffic, until } from './house.js';

const PICTURES = fileURLToPath(new URL('../screenshots/', import.meta.url));
const WIDTHS = { wide: { width: 1360, height: 900 }, phone: { width: 390, height: 844 } };

let browser;
let house;
let stop;

before(async () => {
  await mkdir(PICTURES, { recursive: true });
  [browser, house] = await Promise.all([openBrowser(), openHouse()]);
  await house.behave('green-model', { error_rate: 0.1, error_status: 503, first_byte_median_ms: 12 });
  await house.admin('POST', '/keys', { name: 'search', limits: { requests_per_minute: 600 }, budget: { usd: '5.00', per: 'day' } });
  await house.admin('PUT', '/deployments/assistant/split', { green: 30, reason: 'a first look' });
  stop = traffic(house, 2);
  await until('green has been used', async () => (await house.admin('GET', '/deployments/assistant')).green.window.requests > 20);
  await house.admin('POST', '/deployments/assistant/rollout', { plan: 'fast' });
});
after(async () => {
  await stop?.();
  await browser?.close();
  await house?.close();
});

const PAGES = {
  deployments: ['', (page) => page.getByRole('link', { name: 'assistant', exact: true }).waitFor()],
  deployment: ['#/deployments/assistant', (page) => page.locator('canvas').last().waitFor()],
  requests: ['#/requests', (page) => page.locator('table').waitFor()],
  request: [null, (page) => page.locator('.timing').waitFor()],
  keys: ['#/keys', (page) => page.locator('table').waitFor()],
  accounts: ['#/accounts', (page) => page.locator('.empty, table').first().waitFor()],
  usage: ['#/usage', (page) => page.locator('.empty, table').first().waitFor()],
  providers: ['#/providers', (page) => page.locator('table').waitFor()],
  audit: ['#/audit', (page) => page.locator('table').waitFor()],
  configuration: ['#/configuration', (page) => page.locator('pre').waitFor()],
};

for (const [width, viewport] of Object.entries(WIDTHS)) {
  for (const colorScheme of ['light', 'dark']) {
    test(`every page, ${width} and ${colorScheme}`, async () => {
      const page = await openPage(browser, { viewport, colorScheme });
      await page.goto(house.page);
      await page.getByLabel('Admin token').waitFor();
      await look(page, `login-${width}-${colorScheme}`);
      await logIn(page, house);
      for (const [name, [address, ready]] of Object.entries(PAGES)) {
        await page.goto(`${house.page}${address ?? `#/requests/${await someRequest()}`}`);
        await ready(page);
        await page.getByText('live', { exact: true }).waitFor();
        await look(page, `${name}-${width}-${colorScheme}`);
      }
      assert.deepEqual(page.troubles, []);
      await page.context().close();
    });
  }
}

const someRequest = async () => (await house.admin('GET', '/requests?limit=1')).requests[0].id;

async function look(page, name) {
  await page.screenshot({ path: `${PICTURES}${name}.png`, fullPage: true });
  assert.deepEqual(await findings(page), [], name);
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(beyond <= 0, `${name} is ${beyond} px wider than the screen`);
}
