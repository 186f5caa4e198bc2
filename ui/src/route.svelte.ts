// Where we are: the part of the address after `#`, which never reaches a server or its log.

interface Place {
  /** The decoded parts of the path, as ['deployments', 'gpt-4.1']. */
  parts: string[];
  query: URLSearchParams;
}

function read(): Place {
  // Anything else after `#`, as the token of a log-in link, is no place.
  const hash = location.hash.startsWith('#/') ? location.hash.slice(2) : '';
  const [path = '', query = ''] = hash.split('?');
  const decode = (part: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  };
  return { parts: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

const state = $state<{ place: Place }>({ place: read() });
addEventListener('hashchange', () => {
  state.place = read();
  scrollTo(0, 0);
});

export const place = () => state.place;

export const link = (...parts: string[]) => `#/${parts.map(encodeURIComponent).join('/')}`;

/** Changes the address without a new entry in the history, as for a search. */
export function replaceQuery(fields: Record<string, string>) {
  const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ''));
  const path = state.place.parts.map(encodeURIComponent).join('/');
  const text = query.toString();
  history.replaceState(null, '', `#/${path}${text ? `?${text}` : ''}`);
  state.place = { parts: state.place.parts, query };
}

export function go(address: string) {
  location.hash = address.replace(/^#/, '');
}
