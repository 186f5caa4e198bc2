// Accounts, top-ups and the book, from the page.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { logIn, openBrowser, openHouse, openPage, until } from './house.js';

let browser;
let house;
before(async () => {
  browser = await openBrowser();
  house = await openHouse();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

test('an account is made, topped up and refunded, and the book shows it', async () => {
  const page = await openPage(browser);
  await logIn(page, house);
  await page.getByRole('link', { name: 'Accounts', exact: true }).click();
  await page.getByRole('button', { name: 'New account' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('customer-1');
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('link', { name: 'customer-1' }).click();

  await page.getByRole('button', { name: 'New top-up' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Amount').fill('10.00');
  await dialog.getByLabel('Reason, for the audit log').fill('a first credit');
  await dialog.getByRole('button', { name: 'Make it' }).click();
  const topUps = page.getByRole('region', { name: 'Top-ups' });
  await topUps.getByText('10').first().waitFor();
  if (await topUps.getByRole('button', { name: 'Confirm' }).count()) {
    await topUps.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
  }
  await until('it is credited', async () => (await house.admin('GET', '/accounts/customer-1')).balance_usd.startsWith('10'));
  await page.getByRole('region', { name: 'Ledger' }).getByText('$10.00').first().waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test('usage tells models, keys and days apart', async () => {
  const page = await openPage(browser);
  await logIn(page, house);
  assert.equal((await house.chat()).status, 200);
  await page.getByRole('link', { name: 'Usage', exact: true }).click();
  await page.getByRole('rowheader', { name: 'blue-model' }).waitFor();
  await page.getByRole('button', { name: 'by key' }).click();
  await page.getByRole('rowheader', { name: 'app' }).waitFor();
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});
