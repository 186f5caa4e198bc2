import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { logIn, openBrowser, openHouse, openPage, traffic, until } from './house.js';

const plan = `plans:
  quick:
    phases:
      - {name: precheck, weight: 0, probes: {count: 2, max_failures: 0, max_tokens: 8}}
      - {weight: 20, approval: {manual: {timeout: 1h}}}
      - {weight: 50}
      - {weight: 100}
    phase_defaults: {min_duration: 1s, min_requests: 5, max_duration: 1h}`;

let browser;
let house;
let stop;
before(async () => {
  browser = await openBrowser();
  house = await openHouse({ further: plan });
  stop = traffic(house);
});
after(async () => {
  await stop?.();
  await browser?.close();
  await house?.close();
});

const rollout = () => house.admin('GET', '/deployments/assistant/rollout');

test('a rollout is started from its plan, approved, and brought to its verdict', async () => {
  const page = await openPage(browser);
  await logIn(page, house);
  await page.getByRole('link', { name: 'assistant', exact: true }).click();
  await page.getByText('Start a rollout').click();
  await page.getByLabel('Plan').selectOption('quick');
  await page.getByRole('rowheader', { name: 'precheck' }).waitFor();
  await page.getByText('somebody approves').waitFor();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByRole('list', { name: 'Phases' }).waitFor();

  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await until('it is paused', async () => (await rollout()).state === 'paused');
  await page.getByRole('button', { name: 'Resume', exact: true }).click();

  await page.locator('.waiting').getByText('waiting for an approval').waitFor();
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await until('it goes on', async () => (await rollout()).split.green === 50);
  await page.getByRole('row', { name: /Errors/ }).first().waitFor();

  // Green fails from now on: the gateway judges, and the page shows why.
  await house.behave('green-model', { error_rate: 1, error_status: 503 });
  const verdict = page.getByRole('group', { name: 'Verdict' });
  await verdict.waitFor({ timeout: 60_000 });
  await until('it is rolled back', async () => (await rollout()).state === 'rolled_back');
  const told = (await rollout()).verdict;
  assert.equal(await verdict.locator('.sentence').innerText(), told.sentence);
  await page.getByRole('heading', { name: 'Rollouts before' }).waitFor();

  await verdict.getByRole('link').first().click();
  await page.getByRole('heading', { name: 'Where the time went' }).waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});
