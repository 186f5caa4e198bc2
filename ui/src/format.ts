// Numbers and times as people read them, in the chosen language.

import { language } from './words/words.svelte';

export const NOTHING = '–';

type Maybe = number | null | undefined;

const made = new Map<string, Intl.NumberFormat>();

function format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language() + JSON.stringify(options);
  let found = made.get(key);
  if (!found) {
    found = new Intl.NumberFormat(language(), options);
    made.set(key, found);
  }
  return found;
}

const is = (value: Maybe): value is number => value !== null && value !== undefined && Number.isFinite(value);

export const count = (value: Maybe) => (is(value) ? format({ maximumFractionDigits: 0 }).format(value) : NOTHING);

/** Three digits that tell something, as 0.012, 3.4, 812. */
export const short = (value: Maybe) =>
  is(value) ? format({ maximumSignificantDigits: 3, notation: value >= 1e5 ? 'compact' : 'standard' }).format(value) : NOTHING;

/** Of 0 to 100. */
export const percent = (value: Maybe) => (is(value) ? `${format({ maximumFractionDigits: 2 }).format(value)}%` : NOTHING);

/** Of 0 to 1. */
export const rate = (value: Maybe) => {
  if (!is(value)) return NOTHING;
  const hundredths = value * 100;
  return `${format({ maximumFractionDigits: hundredths < 1 ? 2 : 1 }).format(hundredths)}%`;
};

export const millis = (value: Maybe) => {
  if (!is(value)) return NOTHING;
  if (value >= 10_000) return `${format({ maximumFractionDigits: 1 }).format(value / 1000)} s`;
  return `${format({ maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} ms`;
};

export const seconds = (value: Maybe) => {
  if (!is(value)) return NOTHING;
  const whole = Math.max(0, Math.round(value));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
};

/** A decimal string of dollars; digits are cut from the text, never calculated. */
export const dollars = (value: string | null | undefined, digits = 6) => {
  if (value === null || value === undefined) return NOTHING;
  const sign = value.startsWith('-') ? '−' : '';
  const [whole = '0', rest = ''] = value.replace('-', '').split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const kept = rest.slice(0, digits).replace(/0+$/, '').padEnd(2, '0');
  return `${sign}$${grouped}.${kept}`;
};

export const isWhole = (text: string) => /^\d+$/.test(text.trim());

/** Local, with seconds; the day where it is not today. */
export function localTime(at: string | Date): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return NOTHING;
  const isToday = date.toDateString() === new Date().toDateString();
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
  const day: Intl.DateTimeFormatOptions = isToday ? {} : { year: 'numeric', month: 'short', day: 'numeric' };
  return new Intl.DateTimeFormat(language(), { ...time, ...day }).format(date);
}

export const utc = (at: string | Date) => {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : `${date.toISOString().replace('T', ' ').replace(/\.\d+Z$/, '')} UTC`;
};
