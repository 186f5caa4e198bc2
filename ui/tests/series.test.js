// What is kept for charts is bounded, however long the page is open.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import ts from 'typescript';

const source = await readFile(new URL('../src/live/series.ts', import.meta.url), 'utf8');
const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
const { outputText } = ts.transpileModule(source, { compilerOptions: options });
const { MOST_POINTS, Series } = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);

const spread = { avg: 1, p50: 1, p95: 2, p99: 3 };
const window = (requests) => ({ seconds: 60, requests, errors: 0, error_rate: 0.5, latency_ms: spread, ttft_ms: spread, output_tokens_per_second: null, cost_usd: '0.600000' });

test('an hour of ticks leaves the newest ten minutes', () => {
  const series = new Series();
  for (let at = 0; at < 3_600; at += 1) series.add(at, { window: window(at) }, { share: 1, target: 2 });
  for (const kept of [series.at, series.of('requests'), series.of('p99')]) assert.equal(kept.length, MOST_POINTS);
  assert.equal(series.at.at(-1), 3_599);
  assert.equal(series.of('requests').at(-1), 3_599 / 60);
});

test('what was not measured is a gap, not a zero', () => {
  const series = new Series();
  series.add(0, { window: window(0) }, { share: null, target: 0 });
  series.add(1, null, { share: null, target: 0 });
  assert.deepEqual(series.of('errors'), [null, null]);
  assert.deepEqual(series.of('requests'), [0, null]);
  assert.deepEqual(series.of('cost'), [36, null]);
});

test('what was before is put in front, without what is known already or has no room', () => {
  const [known, earlier] = [new Series(), new Series()];
  for (let at = 1_000; at < 1_500; at += 1) known.add(at, { window: window(2) }, { share: 1, target: 2 });
  for (let at = 0; at < 1_100; at += 5) earlier.add(at, { window: window(1) }, { share: 1, target: 2 });
  known.putBefore(earlier);
  assert.equal(known.at.length, MOST_POINTS);
  assert.deepEqual(known.at.slice(98, 102), [990, 995, 1_000, 1_001]);
  assert.deepEqual(known.of('requests').slice(98, 102), [1 / 60, 1 / 60, 2 / 60, 2 / 60]);
});
