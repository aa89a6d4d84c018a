// Joins the parts: the view that the address names, live events, and the keys. A view is in
// the address's hash, so it can be pasted: #metric=NAME, #metric=NAME&at=EPOCH, #tune=GLOB, or
// for the anomalies #candidates=1 or nothing.
import {follow} from './api.js';
import * as budget from './budget.js';
import {byId, setText} from './dom.js';
import * as list from './list.js';
import {hideMetric, metricShown, showMetric} from './metric.js';
import {literal, startSearch} from './search.js';
import * as status from './status.js';
import {showTuning, tuneHash} from './tune.js';

let left = {scroll: 0, focus: null}; // where the reader was in the list

function route() {
  const query = new URLSearchParams(location.hash.slice(1));
  const metric = query.get('metric'), tune = query.get('tune'), at = query.get('at');
  const view = metric ? 'metric' : tune !== null ? 'tuning' : 'overview';
  if (!byId('overview').hidden && view !== 'overview') left = {scroll: window.scrollY, focus: document.activeElement};
  const back = byId('overview').hidden && view === 'overview', stays = !byId('overview').hidden && view === 'overview';
  for (const id of ['overview', 'metric', 'tuning']) byId(id).hidden = id !== view;
  byId('nav-overview').ariaCurrent = view === 'overview' ? 'page' : null;
  byId('nav-tune').ariaCurrent = view === 'tuning' ? 'page' : null;
  hideMetric();
  if (!back && !stays) window.scrollTo(0, 0);
  if (view === 'metric') showMetric(metric, /^\d+$/.test(at ?? '') ? Number(at) : undefined);
  if (view === 'tuning') showTuning(tune);
  if (view === 'overview' && budget.follow(query)) refresh();
  if (back) goBack();
  title();
}

function goBack() {
  window.scrollTo({top: left.scroll, behavior: 'instant'});
  if (left.focus?.isConnected) left.focus.focus({preventScroll: true});
}

function title() {
  const open = list.surfacedCount();
  document.title = `${open ? `(${open}) ` : ''}${metricShown() ?? 'Ridgeline'}`;
}

async function refresh() {
  try {
    await list.reload();
    status.trouble('');
  } catch (error) {
    status.trouble(error.message);
  }
}

let redisUp = true; // as last told

// While Redis is away the lists cannot be had: they are asked for when it is back. Another surface score
// takes some out of them and brings others.
function hear(health) {
  status.tell(health);
  budget.tell(health.budget);
  const back = health.redis.up && !redisUp;
  redisUp = health.redis.up;
  if (back || (redisUp && list.isOutdated(health.budget))) refresh();
}

const typing = target => target.closest('input, textarea, select, [contenteditable]');

// Each may return false: the key was of no use, and keeps its usual meaning.
const keys = {
  j: () => list.move(1),
  k: () => list.move(-1),
  ArrowDown: () => list.move(1),
  ArrowUp: () => list.move(-1),
  t() {
    location.hash = tuneHash(metricShown() ? literal(metricShown()) : '');
  },
  '/': () => byId('search').focus(),
  '?': () => byId('help').showModal(),
  Escape() {
    location.hash = budget.listHash();
  },
};

function keydown(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || byId('help').open) return;
  if (typing(event.target) && event.key !== 'Escape') return;
  const inList = !byId('overview').hidden;
  const moves = ['j', 'k', 'ArrowDown', 'ArrowUp'].includes(event.key);
  if (!keys[event.key] || (moves && !inList) || (event.key === 'Escape' && inList)) return;
  if (keys[event.key]() !== false) event.preventDefault();
}

document.addEventListener('keydown', keydown);
window.addEventListener('hashchange', route);
byId('help-button').addEventListener('click', () => byId('help').showModal());
byId('help-close').addEventListener('click', () => byId('help').close());
startSearch();
list.startList(() => {
  title();
  status.tellOpen(list.openCount());
});
follow({
  onAnomaly: event => { list.take(event); },
  onStatus: hear,
  onLive: live => {
    status.tellLive(live);
    refresh();
  },
});
route();
