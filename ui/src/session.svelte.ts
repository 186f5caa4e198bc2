// Who is logged in. Roles decide which buttons exist; the gateway decides whether they work.

import { get, logIn, logOut, whenSessionIsOver } from './api/client';
import type { Role, Session } from './api/types';

const ROLES: Role[] = ['viewer', 'operator', 'admin'];

const state = $state<{ session: Session | null; known: boolean; over: boolean }>({
  session: null,
  known: false,
  over: false,
});

export const session = () => state.session;
/** Whether we have asked already. */
export const isKnown = () => state.known;
/** Whether there was one, which ended by itself. */
export const isOver = () => state.over;

export const may = (role: Role) =>
  state.session !== null && ROLES.indexOf(state.session.role as Role) >= ROLES.indexOf(role);

whenSessionIsOver(() => {
  state.over = state.session !== null;
  state.session = null;
});

export async function begin(token: string) {
  state.session = await logIn(token);
  state.over = false;
}

export async function end() {
  await logOut();
  state.session = null;
}

/** The token of a log-in link, which is taken out of the address at once. */
function tokenOfLink(): string | null {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (!token) return null;
  history.replaceState(null, '', location.pathname);
  return decodeURIComponent(token);
}

/** At the start: by the link, else by the cookie. */
export async function find() {
  const token = tokenOfLink();
  try {
    if (token) await begin(token);
    else state.session = await get<Session>('/session');
  } catch {
    state.session = null;
  }
  state.known = true;
}
