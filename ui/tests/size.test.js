// What a browser loads, all pages included.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

const MOST_BYTES = 300 * 1024;

test('the whole dashboard stays under 300 KB gzipped', async () => {
  const built = new URL('../dist/', import.meta.url);
  const files = (await readdir(built, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  assert.ok(files.some(({ name }) => name === 'index.html'), 'run npm run build first');
  let bytes = 0;
  for (const { parentPath, path, name } of files) bytes += gzipSync(await readFile(`${parentPath ?? path}/${name}`)).length;
  assert.ok(bytes <= MOST_BYTES, `${bytes} bytes`);
});

test('no script and no style stands in the page itself', async () => {
  const page = await readFile(new URL('../dist/index.html', import.meta.url), 'utf8');
  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)/);
  assert.doesNotMatch(page, /\bstyle=|<style/);
});
