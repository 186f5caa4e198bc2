// Short words about what was just done, or why not.

import { Refused } from './api/client';
import { t } from './words/words.svelte';

interface Notice {
  id: number;
  text: string;
  isTrouble: boolean;
}

const state = $state<{ all: Notice[] }>({ all: [] });
let last = 0;

/** Good news go by themselves; trouble stays until it is put away. */
const SHOWN_MS = 6_000;

export const notices = () => state.all;

function add(text: string, isTrouble: boolean) {
  const id = ++last;
  state.all = [...state.all.slice(-3), { id, text, isTrouble }];
  if (!isTrouble) setTimeout(() => dismiss(id), SHOWN_MS);
}

export const say = (text: string) => add(text, false);

export function dismiss(id: number) {
  state.all = state.all.filter((notice) => notice.id !== id);
}

/** Does something that may be refused, and says so; `null` then. */
export async function attempt<T>(what: () => Promise<T>, done?: string): Promise<T | null> {
  try {
    const result = await what();
    if (done) say(done);
    return result;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return null;
    add(error instanceof Refused ? t(error.message) : String(error), true);
    return null;
  }
}
