import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { ADMIN, logIn, openBrowser, openHouse, openPage, OPERATOR, traffic, until, VIEWER } from './house.js';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser?.close());

/** Runs `body` with a house and a logged-in page of its own; the page's console must stay free of errors. */
async function at(house, body, { token = ADMIN, ...options } = {}) {
  const page = await openPage(browser, options);
  try {
    await logIn(page, house, token);
    await body(page);
    assert.deepEqual(page.troubles, []);
  } finally {
    await page.context().close();
  }
}

const row = (page, name) => page.getByRole('row').filter({ hasText: name });
const green = async (house) => (await house.admin('GET', '/deployments/assistant')).split.green;

describe('the dashboard', () => {
  let house;
  before(async () => (house = await openHouse()));
  after(() => house?.close());

  test('a wrong token is refused, a good one logs in, and log-out ends it', async () => {
    const page = await openPage(browser);
    await page.goto(house.page);
    await page.getByLabel('Admin token').fill('a wrong token');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText('This token is not known').waitFor();
    await logIn(page, house);
    await page.reload();
    await page.getByRole('navigation').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Admin token').waitFor();
    await page.reload();
    await page.getByLabel('Admin token').waitFor();
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  });

  test('a log-in link logs in and leaves no token in the address', async () => {
    const page = await openPage(browser);
    await page.goto(`${house.page}#token=${ADMIN}`);
    await page.getByRole('navigation').waitFor();
    assert.ok(!page.url().includes(ADMIN), page.url());
    await page.context().close();
  });

  test('figures move with the traffic', () =>
    at(house, async (page) => {
      await row(page, 'assistant').waitFor();
      const figure = () => row(page, 'assistant').getByRole('cell').nth(2).innerText();
      const stop = traffic(house, 2);
      const first = await until('requests are seen', async () => Number.parseFloat(await figure()) > 0 && figure());
      await until('the figure moves', async () => (await figure()) !== first);
      await stop();
    }));

  test('a request is on the screen within a second or so of its end', () =>
    at(house, async (page) => {
      const cell = row(page, 'plain').getByRole('cell').nth(3);
      await until('nothing failed or came yet', async () => (await cell.innerText()).includes('–'));
      await house.chat({}, 'plain');
      const sent = Date.now();
      await until('it is shown', async () => !(await cell.innerText()).includes('–'), 3_000);
      assert.ok(Date.now() - sent < 2_500, `${Date.now() - sent} ms`);
    }));

  test('charts show what was before the page was opened', () =>
    at(house, async (page) => {
      await until('the gateway has a history', async () => (await house.admin('GET', '/deployments/assistant/history')).points.length >= 2);
      const asked = page.waitForResponse(/\/deployments\/assistant\/history$/);
      await page.getByRole('link', { name: 'assistant', exact: true }).click();
      assert.ok((await (await asked).json()).points.length >= 2);
      await page.locator('canvas').last().waitFor();
    }));

  test('the slider sets the split after it was confirmed', () =>
    at(house, async (page) => {
      await page.getByRole('link', { name: 'assistant', exact: true }).click();
      await page.getByRole('slider').fill('25');
      assert.equal(await green(house), 0);
      await page.getByPlaceholder('Reason, for the audit log').fill('a first look');
      await page.getByRole('button', { name: 'Set green to 25%' }).click();
      await until('the split is set', async () => (await green(house)) === 25);
      await page.getByRole('cell', { name: 'a first look' }).waitFor();
    }));

  test('rollback takes effect at one press, and by keyboard', () =>
    at(house, async (page) => {
      await page.getByRole('link', { name: 'assistant', exact: true }).click();
      for (const press of [() => page.getByRole('button', { name: 'Roll back' }).click(), () => page.keyboard.press('Alt+r')]) {
        await house.admin('PUT', '/deployments/assistant/split', { green: 40 });
        await page.getByRole('img', { name: /green 40%;/ }).first().waitFor();
        await press();
        await until('green gets nothing', async () => (await green(house)) === 0);
        await page.getByRole('img', { name: /green 0%;/ }).first().waitFor();
      }
    }));

  test('promote asks before, and says what it does', () =>
    at(house, async (page) => {
      await page.getByRole('link', { name: 'assistant', exact: true }).click();
      await page.getByRole('button', { name: 'Promote' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Promote' }).click();
      await until('green gets all', async () => (await green(house)) === 100);
      await page.getByRole('button', { name: 'Roll back' }).click();
      await until('green gets nothing', async () => (await green(house)) === 0);
    }));

  test('a viewer sees everything and has no buttons to change it', () =>
    at(
      house,
      async (page) => {
        await page.getByRole('link', { name: 'assistant', exact: true }).click();
        await page.getByRole('heading', { name: 'Over time' }).waitFor();
        assert.equal(await page.getByRole('button', { name: 'Roll back' }).count(), 0);
        assert.equal(await page.getByRole('slider').count(), 0);
      },
      { token: VIEWER },
    ));

  test('a key is made and shown once, works, is rotated and revoked', () =>
    at(house, async (page) => {
      const works = (secret) => house.chat({ authorization: `Bearer ${secret}` }).then((answer) => answer.status);
      const secret = () => page.locator('.made code').innerText();
      await page.getByRole('link', { name: 'Keys', exact: true }).click();
      await page.getByRole('button', { name: 'New key' }).click();
      await page.getByRole('dialog').getByLabel('Name').fill('my-app');
      await page.getByRole('dialog').getByLabel('Requests per minute').fill('600');
      await page.getByRole('button', { name: 'Make it' }).click();
      await page.getByRole('heading', { name: 'The secret of my-app' }).waitFor();
      const first = await secret();
      assert.equal(await works(first), 200);
      await page.getByRole('button', { name: 'I have it' }).click();
      assert.ok(!(await page.content()).includes(first));
      await row(page, 'my-app').getByText('600 requests/min').waitFor();

      await row(page, 'my-app').getByRole('button', { name: 'Rotate' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
      const second = await until('there is another secret', async () => (await page.locator('.made').count()) && secret());
      assert.notEqual(second, first);
      assert.deepEqual([await works(first), await works(second)], [401, 200]);

      await row(page, 'my-app').getByRole('button', { name: 'Revoke' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
      await row(page, 'my-app').getByText('revoked').waitFor();
      assert.equal(await works(second), 401);
    }));

  test('a request is found by its status and told in full', () =>
    at(house, async (page) => {
      await house.behave('other-model', { error_rate: 1, error_status: 500 });
      const answer = await house.chat({ 'x-request-id': 'the-failed-one' }, 'plain');
      assert.ok(answer.status >= 500);
      await house.behave('other-model', { error_rate: 0 });
      await page.getByRole('link', { name: 'Requests', exact: true }).click();
      await page.getByLabel('Status').selectOption('5xx');
      await page.getByRole('button', { name: 'Search' }).click();
      await page.getByRole('link', { name: 'the-failed-one' }).click();
      await page.getByText('Request the-failed-one asked for plain').waitFor();
      await page.getByRole('heading', { name: 'Where the time went' }).waitFor();
    }));

  test('the audit log shows who it was', () =>
    at(
      house,
      async (page) => {
        await page.getByRole('link', { name: 'assistant', exact: true }).click();
        await page.getByRole('slider').fill('5');
        await page.getByRole('button', { name: 'Set green to 5%' }).click();
        await page.getByRole('link', { name: 'Audit log' }).click();
        await page.getByRole('row').filter({ hasText: 'kim' }).filter({ hasText: 'split' }).first().waitFor();
      },
      { token: OPERATOR },
    ));

  test('the configuration shows no secret', () =>
    at(house, async (page) => {
      await page.getByRole('link', { name: 'Configuration' }).click();
      const text = await page.locator('pre').innerText();
      assert.match(text, /admin_token: \*\*\*/);
      assert.ok(!text.includes(ADMIN) && !text.includes('sk-of-the-vendor'));
    }));

  test('times are local, with UTC on hover', () =>
    at(house, async (page) => {
      await page.goto(`${house.page}#/audit`);
      const time = page.locator('time').first();
      await time.waitFor();
      const at = new Date(await time.getAttribute('datetime'));
      const title = await time.getAttribute('title');
      assert.equal(title, `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`);
      const seoul = at.toLocaleTimeString('en-US', { timeZone: 'Asia/Seoul', hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit' });
      assert.ok((await time.innerText()).includes(seoul));
    }));

  test('Korean comes first where the browser asks for it, and can be switched', () =>
    at(
      house,
      async (page) => {
        await page.getByRole('heading', { name: '배포' }).waitFor();
        assert.equal(await page.locator('html').getAttribute('lang'), 'ko');
        await page.getByLabel('언어').selectOption('en');
        await page.getByRole('heading', { name: 'Deployments' }).waitFor();
        await page.reload();
        await page.getByRole('heading', { name: 'Deployments' }).waitFor();
      },
      { locale: 'ko-KR' },
    ));

  test('dark follows the system, and can be switched', () =>
    at(
      house,
      async (page) => {
        const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
        const dark = await paper();
        assert.equal(dark, 'rgb(14, 19, 24)');
        await page.getByRole('button', { name: 'Light', exact: true }).click();
        await until('the page is light', async () => (await paper()) !== dark);
        await page.reload();
        await page.getByRole('navigation').waitFor();
        assert.notEqual(await paper(), dark);
      },
      { colorScheme: 'dark' },
    ));

  test('the page says when the gateway is away, and asks to log in again when it is back', async () => {
    const page = await openPage(browser);
    await logIn(page, house);
    await page.getByText('live', { exact: true }).waitFor();
    await house.stopGateway();
    await page.getByRole('alert').getByText('The gateway does not answer').waitFor();
    await house.startGateway();
    await page.getByText('The session is over. Log in again.').waitFor();
    await page.getByLabel('Admin token').fill(ADMIN);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('live', { exact: true }).waitFor();
    await row(page, 'assistant').waitFor();
    await page.context().close();
  });
});

describe('the first run', () => {
  let house;
  before(async () => (house = await openHouse({ deployments: '', keys: '' })));
  after(() => house?.close());

  test('an empty gateway shows three steps, ticks them off, and puts them away', () =>
    at(house, async (page) => {
      const steps = page.getByRole('region', { name: 'Three steps to the first request' });
      await steps.getByText('crossfade keys create my-app').waitFor();
      await steps.getByText(`curl ${house.clients}/v1/chat/completions`).waitFor();
      await house.configure(`deployments: {assistant: {blue: {provider: sim, model: blue-model}}}`);
      await until('the first step is done', async () => (await steps.getByText('done', { exact: true }).count()) === 1);
      const { secret } = await house.admin('POST', '/keys', { name: 'first' });
      await until('the second step is done', async () => (await steps.getByText('done', { exact: true }).count()) === 2);
      assert.equal((await house.chat({ authorization: `Bearer ${secret}` })).status, 200);
      await steps.waitFor({ state: 'detached' });
      await row(page, 'assistant').waitFor();
    }));
});

describe('a hundred deployments', () => {
  const names = Array.from({ length: 100 }, (_, number) => `model-${String(number).padStart(3, '0')}`);
  const deployments = names.map((name) => `\n  ${name}: {blue: {provider: sim, model: blue-model}, green: {provider: sim, model: green-model}, split: {green: 20}}`).join('');
  let house;
  before(async () => (house = await openHouse({ deployments })));
  after(() => house?.close());

  test('all are shown, renewed, and found by name', () =>
    at(house, async (page) => {
      await row(page, 'model-099').waitFor();
      await house.chat({}, 'model-050');
      await until('a tick came', async () => (await row(page, 'model-050').getByText('ms').count()) > 0);
      await page.getByLabel('Filter by name').fill('099');
      assert.equal(await page.getByRole('row').filter({ hasText: 'model-' }).count(), 1);
    }));
});
