// The last minutes of one environment, for charts: so many points and no more, however long the page is open.

import type { Environment, Window } from '../api/types';

/** Points kept: ten minutes of one a second. */
export const MOST_POINTS = 600;

const FIGURES = {
  share: (_: Window, more: More) => more.share,
  target: (_: Window, more: More) => more.target,
  requests: (window: Window) => window.requests / window.seconds,
  errors: (window: Window) => (window.requests > 0 ? window.error_rate * 100 : null),
  p50: (window: Window) => window.latency_ms.p50 ?? null,
  p95: (window: Window) => window.latency_ms.p95 ?? null,
  p99: (window: Window) => window.latency_ms.p99 ?? null,
  firstByte50: (window: Window) => window.ttft_ms.p50 ?? null,
  firstByte95: (window: Window) => window.ttft_ms.p95 ?? null,
  tokens: (window: Window) => window.output_tokens_per_second ?? null,
  cost: (window: Window) => (Number(window.cost_usd) * 3600) / window.seconds,
};

interface More {
  /** Percent of all requests of the deployment that used this environment. */
  share: number | null;
  target: number;
}

export type Figure = keyof typeof FIGURES;
const NAMES = Object.keys(FIGURES) as Figure[];

export class Series {
  /** Unix seconds. */
  readonly at: number[] = [];
  private readonly figures: Record<Figure, (number | null)[]>;

  constructor() {
    this.figures = Object.fromEntries(NAMES.map((name) => [name, []])) as unknown as Record<Figure, (number | null)[]>;
  }

  add(at: number, environment: Pick<Environment, 'window'> | null, more: More) {
    this.at.push(at);
    for (const name of NAMES) {
      this.figures[name].push(environment ? FIGURES[name](environment.window, more) : null);
    }
    if (this.at.length > MOST_POINTS) {
      this.at.shift();
      for (const name of NAMES) this.figures[name].shift();
    }
  }

  of(name: Figure): (number | null)[] {
    return this.figures[name];
  }

  /** Puts what was before the first point in front of it. */
  putBefore(earlier: Series) {
    const first = this.at[0] ?? Infinity;
    const count = earlier.at.filter((at) => at < first).length;
    const room = Math.max(0, MOST_POINTS - this.at.length);
    const [from, to] = [Math.max(0, count - room), count];
    this.at.unshift(...earlier.at.slice(from, to));
    for (const name of NAMES) this.figures[name].unshift(...earlier.figures[name].slice(from, to));
  }
}

export interface Both {
  blue: Series;
  green: Series;
}

export const both = (): Both => ({ blue: new Series(), green: new Series() });
