// The live events, for whoever wants them: one stream for the whole page.
import {follow} from './api.js';

const listeners = {anomaly: [], incident: [], status: [], live: []};
const latest = new Map(); // of those that stand until the next

// Calls `listener` with each 'anomaly', 'incident' or 'status' as /api/events tells it, or with 'live': whether events
// flow, which is told again after some were lost: what happened meanwhile must be asked for. The last status and
// whether events flow are told at once.
export function hear(kind, listener) {
  listeners[kind].push(listener);
  if (latest.has(kind)) listener(latest.get(kind));
}

function tell(kind, what) {
  if (kind === 'status' || kind === 'live') latest.set(kind, what);
  listeners[kind].forEach(listener => listener(what));
}

const waiting = new Set();

// Calls `again` once events say that Redis answers, where `error` is of a request that it, or the webapp, left without
// an answer. A view that is gone by then lets it do nothing.
export function whenBack({status}, again) {
  if (status === 0 || status === 503) waiting.add(again);
}

hear('status', ({redis}) => {
  const due = redis.up ? [...waiting] : [];
  due.forEach(again => waiting.delete(again));
  due.forEach(again => again());
});

export const startLive = () => follow(tell, live => tell('live', live));
