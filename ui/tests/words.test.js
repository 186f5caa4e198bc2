// Every text of the page has a Korean one, with the same places to fill in.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';

const SOURCES = new URL('../src/', import.meta.url);
const korean = JSON.parse(await readFile(new URL('words/ko.json', SOURCES), 'utf8'));

/** Texts that are looked up by a variable: states, streams, and what the API names in one word. */
const VARIABLE = ['day', 'month', 'total', 'blue', 'green', 'The gateway does not answer'];

async function used() {
  const texts = new Set(VARIABLE);
  for (const entry of await readdir(SOURCES, { recursive: true })) {
    if (!/\.(svelte|ts)$/.test(entry) || entry.endsWith('.d.ts')) continue;
    const source = await readFile(new URL(entry.replaceAll('\\', '/'), SOURCES), 'utf8');
    for (const [, text] of source.matchAll(/\bt\(\s*'((?:[^'\\]|\\.)*)'/g)) texts.add(text.replace(/\\(.)/g, '$1'));
  }
  const states = await readFile(new URL('states.ts', SOURCES), 'utf8');
  const words = [...states.matchAll(/^ {2}\w+: (['"])(.*)\1,$/gm)].map(([, , text]) => text);
  const moods = ['good', 'calm', 'busy', 'care', 'bad'];
  for (const text of words.filter((text) => !moods.includes(text))) texts.add(text);
  return texts;
}

const places = (text) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

test('every text has a Korean one, and none is left over', async () => {
  const texts = await used();
  assert.deepEqual([...texts].filter((text) => !(text in korean)), []);
  assert.deepEqual(Object.keys(korean).filter((text) => !texts.has(text)), []);
});

test('both languages fill in the same places', () => {
  for (const [english, other] of Object.entries(korean)) assert.deepEqual(places(other), places(english), english);
});
