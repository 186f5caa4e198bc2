// Asking the admin API. The session's cookie goes along by itself.

import type { Session } from './types';

export const BASE = '/admin/v1';

/** What the API refused, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

let onSessionOver = () => {};

/** Called whenever an answer says that nobody is logged in. */
export function whenSessionIsOver(then: () => void) {
  onSessionOver = then;
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(BASE + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, 'unreachable', 'The gateway does not answer');
  }
  const text = await answer.text();
  let json: unknown = null;
  try {
    json = text === '' ? null : JSON.parse(text);
  } catch {
    // What is no JSON is told by its status.
  }
  if (answer.ok) return json as T;
  if (answer.status === 401) onSessionOver();
  const error = (json as { error?: { code?: string; message?: string } } | null)?.error;
  throw new Refused(answer.status, error?.code ?? '', error?.message ?? `HTTP ${answer.status}`);
}

export const get = <T>(path: string) => ask<T>('GET', path);
export const post = <T>(path: string, body: unknown = {}) => ask<T>('POST', path, body);
export const put = <T>(path: string, body: unknown) => ask<T>('PUT', path, body);

export const logIn = (token: string) => post<Session>('/session', { token });
export const logOut = () => ask<null>('DELETE', '/session');

/** `/deployments/a%2Fb/split` from its parts. */
export function pathOf(...parts: string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
}

/** `?a=1&b=2` of what is not empty. */
export function queryOf(fields: Record<string, string | number | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** What this gateway may not have: `undefined` where there is no such endpoint. */
export async function getIfThere<T>(path: string): Promise<T | undefined> {
  try {
    return await get<T>(path);
  } catch (error) {
    if (error instanceof Refused && error.status === 404 && error.code === 'not_found') return undefined;
    throw error;
  }
}
