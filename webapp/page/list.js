// The lists beside the lanes: open incidents, the strongest first, and those that closed in the last day, the latest
// first; or the anomalies of one cell. Live events are gathered for a moment and applied together, without moving what
// the reader looks at.
import {get} from './api.js';
import {byId, keepInPlace, replace, setText} from './dom.js';
import {nowS, number, time} from './format.js';
import {anomalyRow, incidentRow, tellWhen, updateAnomaly, updateIncident} from './rows.js';
import {hashWith, scope, wholeList} from './scope.js';
import {VirtualList} from './virtual.js';

const GATHER_MS = 250;
const TICK_MS = 10_000;
const LISTED_MAX = 2000; // the most that the API gives
const CLOSED_SINCE_S = 86_400;

const listIn = (id, make, update) => new VirtualList(byId(id), {make, update, anchor: readersRow});
const open = listIn('open', incidentRow, updateIncident), closed = listIn('closed', incidentRow, updateIncident);
const within = listIn('within', anomalyRow, updateAnomaly);

const incidents = new Map(); // id -> incident, as last told
let gathered = new Map();
let gatherTimer;
let reloading = 0;
let truncated; // whether more are open than were told
let surfaceScore; // by which the lists were last asked for
let onChange = () => {};

// `changed(count)` is called whenever the list of open ones may have.
export function startList(changed) {
  onChange = changed;
}

setInterval(() => document.querySelectorAll('#overview .row.open').forEach(tellWhen), TICK_MS);

// Asks for everything, or for the first `limit` of each list. Throws ApiError. Events that come meanwhile are applied
// afterwards: they may be newer than the answer.
export async function reload(limit = LISTED_MAX) {
  const asked = scope(), candidates = Number(asked.candidates);
  const since = Math.floor(nowS() - CLOSED_SINCE_S);
  reloading++;
  try {
    const [now, before] = await Promise.all([
      get('/api/incidents', {state: 'open', limit, candidates}),
      get('/api/incidents', {state: 'closed', since, limit, candidates}), reloadWithin()]);
    if (asked.candidates !== scope().candidates) return;
    surfaceScore = now.budget.surface_score;
    truncated = now.truncated;
    incidents.clear();
    for (const incident of [...before.incidents, ...now.incidents]) incidents.set(incident.id, incident);
    arrange();
  } finally {
    reloading--;
  }
}

// The anomalies of the chosen cell, in place of the incidents.
export async function reloadWithin() {
  const {cell, prefix, candidates} = scope(), asked = location.hash;
  byId('incidents').hidden = Boolean(cell);
  byId('narrowed').hidden = !cell;
  if (!cell) return;
  const {group, from, until} = cell;
  const answer = await get('/api/lanes/anomalies', {
    prefix: group || prefix || undefined, from, until, limit: LISTED_MAX, candidates: Number(candidates)});
  if (location.hash !== asked) return;
  keepInPlace(readersRow(), () => within.set(answer.anomalies));
  byId('narrowed-clear').setAttribute('href', hashWith(wholeList));
  replace(byId('narrowed-title'), group || prefix || 'All metrics', ', ', time(from), ' to ', time(until), ' ');
  setText(byId('within-count'), `${number(answer.total)} ${answer.total === 1 ? 'anomaly' : 'anomalies'}`);
}

// Whether the lists were asked for when another score surfaced.
export const isOutdated = budget => surfaceScore !== undefined && budget.surface_score !== surfaceScore;

// Takes a live event. A candidate that comes to surface is as new as one that opens.
export function take({incident}) {
  const known = incidents.get(incident.id);
  const opened = (surfaces(incident) && !(known && surfaces(known))) || gathered.get(incident.id)?.opened;
  gathered.set(incident.id, {incident, opened});
  gatherTimer ??= setTimeout(applyGathered, GATHER_MS);
}

function applyGathered() {
  gatherTimer = reloading ? setTimeout(applyGathered, GATHER_MS) : undefined;
  if (reloading) return;
  const news = [...gathered.values()];
  gathered = new Map();
  for (const {incident} of news) {
    if (incident.candidate && !scope().candidates) incidents.delete(incident.id);
    else incidents.set(incident.id, incident);
  }
  arrange();
  announce(news.filter(item => item.opened).map(item => item.incident));
}

const surfaces = incident => incident.state === 'open' && !incident.candidate;
const byState = state => [...incidents.values()].filter(incident => incident.state === state);

// Puts every row where it belongs.
function arrange() {
  const oldest = nowS() - CLOSED_SINCE_S;
  for (const [id, {state, end}] of incidents) if (state === 'closed' && end < oldest) incidents.delete(id);
  const inOrder = (a, b) => (a.id < b.id ? -1 : 1); // so that equals keep their places
  const openOnes = byState('open').sort((a, b) => b.score - a.score || b.start - a.start || inOrder(a, b));
  const closedOnes = byState('closed').sort((a, b) => b.end - a.end || inOrder(a, b));
  keepInPlace(readersRow(), () => {
    open.set(openOnes);
    closed.set(closedOnes);
  });
  setText(byId('open-count'), `${number(openOnes.length)}${truncated ? '+' : ''}`);
  setText(byId('closed-count'), number(closedOnes.length));
  byId('closed-none').hidden = closedOnes.length > 0;
  onChange(openOnes.length);
}

// Focuses the next row, or the previous one. False when there is none at all.
export function move(step) {
  const lists = scope().cell ? [within] : [open, closed];
  const all = lists.flatMap(list => list.ids().map(id => ({list, id})));
  const focused = document.activeElement?.closest('.block > .row')?.dataset.id;
  const at = all.findIndex(({id}) => id === focused);
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))];
  const row = next?.list.show(next.id);
  row?.querySelector('.name').focus({preventScroll: true});
  row?.scrollIntoView({block: 'nearest'});
  return Boolean(row);
}

// The row that must not move: the focused one, or the first that a scrolled view shows.
function readersRow() {
  const focused = document.activeElement?.closest('.block > .row');
  if (focused || window.scrollY === 0) return focused;
  const below = document.querySelector('.top').getBoundingClientRect().bottom;
  const rows = document.querySelectorAll('#overview .block > .row');
  return [...rows].find(row => row.getBoundingClientRect().top >= below);
}

function announce(opened) {
  if (!opened.length) return;
  const strongest = opened.reduce((a, b) => (b.score > a.score ? b : a));
  const which = `${strongest.title}, score ${Math.round(strongest.score)}`;
  const what = opened.length === 1 ? 'New incident:' : `${opened.length} new incidents, strongest`;
  setText(byId('announce'), `${what} ${which}`);
}
