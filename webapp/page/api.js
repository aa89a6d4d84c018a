// The HTTP API as it is read, and the stream of live events. docs/API.md is the reference. changes.js is what writes.

const SILENCE_MS = 6_000;
const RETRY_MS = 3_000;

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export async function request(method, path, {body, signal, token} = {}) {
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (token) headers['X-Ridgeline-Token'] = token;
  let response;
  try {
    response = await fetch(path, {method, headers, signal, cache: 'no-store', body: body && JSON.stringify(body)});
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause;
    throw new ApiError('Ridgeline does not answer', 0);
  }
  const text = await response.text();
  if (response.ok) return response.headers.get('Content-Type')?.includes('json') ? JSON.parse(text) : text;
  throw new ApiError(errorSentence(text) ?? `the server answered ${response.status}`, response.status);
}

function errorSentence(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return undefined;
  }
}

// path('/api/series', {metric, from}) leaves out what is undefined.
export function path(base, query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return `${base}?${new URLSearchParams(given)}`;
}

export const get = (base, query = {}, signal) => request('GET', path(base, query), {signal});

const KINDS = ['anomaly', 'incident', 'status'];

// Follows /api/events for as long as the page lives. `onEvent(kind, json)` gets each event;
// `onLive(true)` says that events flow (again, or after some were lost: whatever happened
// meanwhile must be asked for), `onLive(false)` that they do not. The server sends a
// status every two seconds, so silence means a dead connection even where the socket
// has not noticed.
export function follow(onEvent, onLive) {
  let source, watchdog, live;
  const setLive = now => {
    if (now !== live) onLive(live = now);
  };
  const restart = () => {
    setLive(false);
    source?.close();
    clearTimeout(watchdog);
    watchdog = setTimeout(connect, RETRY_MS);
  };
  const heard = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(restart, SILENCE_MS);
    setLive(true);
  };
  const connect = () => {
    watchdog = setTimeout(restart, SILENCE_MS); // a stopped server takes a connection and says nothing
    source = new EventSource('/api/events');
    source.addEventListener('open', heard);
    source.addEventListener('error', restart);
    source.addEventListener('lost', () => onLive(true));
    for (const kind of KINDS)
      source.addEventListener(kind, event => { heard(); onEvent(kind, JSON.parse(event.data)); });
  };
  connect();
  // A page that the browser keeps for its back button would keep its connection, of which there are but six a host.
  addEventListener('pagehide', () => {
    source.close();
    clearTimeout(watchdog);
  });
  addEventListener('pageshow', event => event.persisted && restart());
}
