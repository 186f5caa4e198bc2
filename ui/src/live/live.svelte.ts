// What the gateway tells while we look: deployments as they stand, each second, and what happens to them.
//
// The list is read once and then follows the events. Whatever an event does not carry (a new
// definition, the end of a rollout) is read again, at most once at a time.

import { BASE, get, pathOf } from '../api/client';
import type { Deployment, HistoryPoint, Rollout, Side, Window } from '../api/types';
import { both, type Both } from './series';

export type Connection = 'connecting' | 'live' | 'lost';

interface TickSide {
  in_flight: number;
  health: string;
  window: Window;
}

interface TickDeployment {
  name: string;
  revision: number;
  state: string;
  split: Deployment['split'];
  blue: TickSide;
  green: TickSide | null;
  /** While one is under way. */
  rollout?: Rollout;
}

/** How long to wait before another try when the gateway is away. */
const RETRY_MS = 2_000;
/** Without a tick for so long, what is shown is old. */
const SILENCE_MS = 5_000;

const state = $state<{
  deployments: Deployment[] | null;
  connection: Connection;
  ticks: number;
  audited: number;
  notice: string | null;
}>({ deployments: null, connection: 'connecting', ticks: 0, audited: 0, notice: null });

const series = new Map<string, Both>();
/** Deployments whose minutes before this page was opened are known. */
const remembered = new Set<string>();
let source: EventSource | null = null;
let silence: ReturnType<typeof setTimeout> | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;
let reading = false;
let readAgain = false;

export const deployments = () => state.deployments;
export const deployment = (name: string) => state.deployments?.find((one) => one.name === name) ?? null;
export const connection = () => state.connection;
/** Grows with every tick: charts draw again. */
export const ticks = () => state.ticks;
/** Grows with every entry of the audit log. */
export const audited = () => state.audited;
/** What the demonstration says. */
export const notice = () => state.notice;
export const tellNotice = (text: string | null) => (state.notice = text);

/** Of a deployment that was looked at: from now on, its ticks are kept. */
export function seriesOf(name: string): Both {
  let found = series.get(name);
  if (!found) {
    found = both();
    series.set(name, found);
  }
  return found;
}

/** Reads what was before this page was opened, once. */
export async function remember(name: string) {
  if (remembered.has(name)) return;
  remembered.add(name);
  try {
    const { points } = await get<{ points: HistoryPoint[] }>(`/deployments${pathOf(name)}/history`);
    const earlier = both();
    for (const point of points) add(earlier, point.at, point, point.blue, point.green ?? null);
    const known = seriesOf(name);
    known.blue.putBefore(earlier.blue);
    known.green.putBefore(earlier.green);
    state.ticks += 1;
  } catch {
    // Charts begin now, then.
    remembered.delete(name);
  }
}

/** Puts an answer of the API in place of what was known. */
export function learn(changed: Deployment) {
  state.deployments = (state.deployments ?? []).map((one) => (one.name === changed.name ? changed : one));
}

export async function readAll() {
  if (reading) {
    readAgain = true;
    return;
  }
  reading = true;
  try {
    const list = await get<{ deployments: Deployment[] }>('/deployments');
    state.deployments = list.deployments;
    for (const name of series.keys()) {
      if (list.deployments.some((one) => one.name === name)) continue;
      series.delete(name);
      remembered.delete(name);
    }
  } catch {
    // The events tell that the gateway is away, and the list is read when it is back.
  }
  reading = false;
  if (readAgain) {
    readAgain = false;
    void readAll();
  }
}

async function readOne(name: string) {
  try {
    learn(await get<Deployment>(`/deployments${pathOf(name)}`));
  } catch {
    void readAll();
  }
}

export function listen() {
  close();
  state.connection = 'connecting';
  // The browser resumes by itself after the last event it saw.
  const opened = new EventSource(`${BASE}/events`);
  source = opened;
  const on = (kind: string, then: (data: never) => void) =>
    opened.addEventListener(kind, (event) => then(JSON.parse(event.data) as never));
  opened.onopen = () => void readAll();
  opened.onerror = () => {
    state.connection = 'lost';
    if (opened.readyState === EventSource.CLOSED) {
      clearTimeout(retry);
      retry = setTimeout(() => void again(), RETRY_MS);
    }
  };
  on('stats', takeTick);
  on('missed', () => void readAll());
  on('config', () => void readAll());
  on('split', (data: { deployment: string }) => void readOne(data.deployment));
  on('rollout', (data: { deployment: string }) => void readOne(data.deployment));
  on('verdict', (data: { deployment: string }) => void readOne(data.deployment));
  on('audit', () => (state.audited += 1));
  on('notice', (data: { message: string }) => (state.notice = data.message));
}

/** A closed stream is opened again, if the session still stands. */
async function again() {
  try {
    await get('/session');
    listen();
  } catch {
    if (source) retry = setTimeout(() => void again(), RETRY_MS);
  }
}

export function close() {
  clearTimeout(retry);
  clearTimeout(silence);
  source?.close();
  source = null;
}

function takeTick(tick: { deployments: TickDeployment[] }) {
  state.connection = 'live';
  clearTimeout(silence);
  silence = setTimeout(() => (state.connection = 'lost'), SILENCE_MS);
  const at = Date.now() / 1000;
  const known = new Map((state.deployments ?? []).map((one) => [one.name, one]));
  let isComplete = tick.deployments.length === known.size;
  const followed = tick.deployments.flatMap((now) => {
    const kept = series.get(now.name);
    if (kept) add(kept, at, now, now.blue.window, now.green?.window ?? null);
    const before = known.get(now.name);
    if (!before || (before.green === null) !== (now.green === null) || before.revision < now.revision) isComplete = false;
    return before ? [merged(before, now)] : [];
  });
  if (state.deployments) state.deployments = followed;
  state.ticks += 1;
  if (!isComplete) void readAll();
}

function merged(before: Deployment, now: TickDeployment): Deployment {
  return {
    ...before,
    // An answer to a verb may be newer than a tick that was on its way.
    ...(now.revision >= before.revision ? { revision: now.revision, state: now.state, split: now.split } : {}),
    blue: { ...before.blue, ...now.blue },
    green: before.green && now.green ? { ...before.green, ...now.green } : before.green,
    rollout: now.rollout ?? before.rollout,
  };
}

function add(to: Both, at: number, { split }: Pick<Deployment, 'split'>, blue: Window, green: Window | null) {
  const all = blue.requests + (green?.requests ?? 0);
  const share = (window: Window | null) => (all > 0 && window ? (window.requests / all) * 100 : null);
  to.blue.add(at, { window: blue }, { share: share(blue), target: split.blue });
  to.green.add(at, green && { window: green }, { share: share(green), target: split.green });
}

/** Percent of the last window's requests, where there were any. */
export function actual(one: Deployment, side: Side): number | null {
  const all = one.blue.window.requests + (one.green?.window.requests ?? 0);
  const own = (side === 'blue' ? one.blue : one.green)?.window.requests ?? 0;
  return all > 0 ? (own / all) * 100 : null;
}
