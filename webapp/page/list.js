// The anomalies: open ones with the strongest first, recent closed ones with the latest first.
// A card's body is made when it first comes near the view. Live events are gathered for a
// moment and applied together, without moving what the reader looks at.
import {metricHash} from './address.js';
import {get} from './api.js';
import {candidatesShown} from './budget.js';
import {charts, lastHour} from './chart.js';
import {byId, el, keepInPlace, replace, setText} from './dom.js';
import {duration, nowS, openSpan, time} from './format.js';
import {candidateLabel, findingsTable, gravity, scoreBadge, sentence} from './verdict.js';

const GATHER_MS = 250;
const TICK_MS = 10_000;
const OPEN_MAX = 2000; // the most that the API gives
const CLOSED_PAGE = 30;
const CLOSED_SINCE_S = 86_400;
const CONTEXT_S = 1800; // shown on both sides of a closed anomaly

const cards = new Map(); // id -> {anomaly, node, badge, when, body, charts}
let closedShown = CLOSED_PAGE;
let gathered = new Map();
let gatherTimer;
let reloading = 0;
let surfaceScore; // by which the lists were last asked for
let onChange = () => {};

// `changed` is called whenever the lists have.
export function startList(changed) {
  onChange = changed;
  byId('closed-more').addEventListener('click', () => {
    closedShown += CLOSED_PAGE;
    arrange();
  });
}

const nearView = new IntersectionObserver(entries => {
  const near = entries.filter(entry => entry.isIntersecting);
  if (near.length) keepInPlace(readersCard(), () => near.forEach(entry => fill(cards.get(entry.target.dataset.id))));
}, {rootMargin: '400px'});

setInterval(() => cards.forEach(card => card.anomaly.state === 'open' && tellWhen(card)), TICK_MS);

// Asks for everything. Throws ApiError. Events that come meanwhile are applied afterwards: they may
// be newer than the answer.
export async function reload() {
  const since = Math.floor(nowS() - CLOSED_SINCE_S);
  const wanted = candidatesShown(), candidates = Number(wanted);
  reloading++;
  try {
    const [open, closed] = await Promise.all([
      get('/api/anomalies', {state: 'open', limit: OPEN_MAX, candidates}),
      get('/api/anomalies', {state: 'closed', since, candidates})]);
    if (wanted !== candidatesShown()) return;
    surfaceScore = open.budget.surface_score;
    const all = [...open.anomalies, ...closed.anomalies];
    const present = new Set(all.map(anomaly => anomaly.id));
    for (const id of cards.keys()) if (!present.has(id)) cards.delete(id);
    all.forEach(accept);
    arrange();
  } finally {
    reloading--;
  }
}

// Whether the lists were asked for when another score surfaced.
export const isOutdated = budget => budget.surface_score !== surfaceScore;

// Takes a live event. A candidate that comes to surface is as new as one that opens.
export function take({anomaly}) {
  const known = cards.get(anomaly.id)?.anomaly;
  const opened = (surfaces(anomaly) && !(known && surfaces(known))) || gathered.get(anomaly.id)?.opened;
  gathered.set(anomaly.id, {anomaly, opened});
  gatherTimer ??= setTimeout(applyGathered, GATHER_MS);
}

function applyGathered() {
  gatherTimer = reloading ? setTimeout(applyGathered, GATHER_MS) : undefined;
  if (reloading) return;
  const news = [...gathered.values()];
  gathered = new Map();
  news.forEach(({anomaly}) => (anomaly.candidate && !candidatesShown() ? cards.delete(anomaly.id) : accept(anomaly)));
  arrange();
  announce(news.filter(item => item.opened).map(item => item.anomaly));
}

const surfaces = anomaly => anomaly.state === 'open' && !anomaly.candidate;

// How many open ones the list shows.
export const openCount = () => byState('open').length;

// Focuses the next card, or the previous one. False when there is none at all.
export function move(step) {
  const links = [...document.querySelectorAll('.cards .name')];
  const at = links.indexOf(document.activeElement?.closest('.card')?.querySelector('.name'));
  const next = links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))];
  next?.focus({preventScroll: true});
  next?.closest('.card').scrollIntoView({block: 'nearest'});
  return Boolean(next);
}

const byState = state => [...cards.values()].filter(card => card.anomaly.state === state);

function accept(anomaly) {
  const card = cards.get(anomaly.id);
  if (!card) {
    cards.set(anomaly.id, makeCard(anomaly));
    return;
  }
  const turned = card.anomaly.state !== anomaly.state;
  card.anomaly = anomaly;
  dress(card);
  if (turned) empty(card);
  else if (card.body.hasChildNodes()) writeBody(card);
}

// Its body is made anew when it is, or comes, near the view.
function empty({node, body}) {
  replace(body);
  nearView.unobserve(node);
  nearView.observe(node);
}

function makeCard(anomaly) {
  const card = {anomaly, body: el('div', {class: 'body'}), when: el('span', {class: 'when'}), badge: el('span'),
    label: el('span')};
  const name = el('a', {class: 'name', href: metricHash(anomaly.metric)}, anomaly.metric);
  card.node = el('li', {class: 'card', 'data-id': anomaly.id},
    el('div', {class: 'head'}, card.badge, name, card.label, card.when), card.body);
  dress(card);
  nearView.observe(card.node);
  return card;
}

// What shows on a card's head.
function dress(card) {
  const {score, state, metric, direction, candidate} = card.anomaly;
  card.node.className = `card ${state} ${gravity(score)}${candidate ? ' candidate' : ''}`;
  replace(card.badge, scoreBadge(score), arrow(direction));
  replace(card.label, candidate && candidateLabel());
  card.node.querySelector('.name').href = metricHash(metric, state === 'closed' ? card.anomaly.peak_at : undefined);
  tellWhen(card);
}

const ARROWS = {up: ['▲', 'above what was expected'], down: ['▼', 'below what was expected']};

function arrow(direction) {
  const [sign, title] = ARROWS[direction] ?? ['', ''];
  return el('span', {class: 'direction', title}, sign);
}

function tellWhen({anomaly, when}) {
  const {start, end, state} = anomaly;
  if (state === 'open') replace(when, openSpan(anomaly));
  else replace(when, time(start), ' to ', time(end), `, ${duration(end - start)}`);
}

function fill(card) {
  if (!card || card.body.hasChildNodes()) return;
  const {anomaly} = card;
  const closeUp = anomaly.state === 'open' ? lastHour : () => around(anomaly);
  card.charts = charts(anomaly.metric, {closeUp});
  writeBody(card);
}

const around = ({start, end}) => ({from: start - CONTEXT_S, until: end + CONTEXT_S, title: 'around it'});

// The charts stay the same node: moving them would draw them anew.
function writeBody({anomaly, body, charts: plots}) {
  const words = sentence(anomaly.peak), table = findingsTable(anomaly.peak.findings);
  if (plots.parentNode === body) {
    body.firstChild.replaceWith(words);
    body.lastChild.replaceWith(table);
  } else {
    replace(body, words, plots, table);
  }
}

// Puts every card where it belongs.
function arrange() {
  forgetOld();
  const open = byState('open').sort((a, b) => b.anomaly.score - a.anomaly.score || b.anomaly.start - a.anomaly.start);
  const closed = byState('closed').sort((a, b) => b.anomaly.end - a.anomaly.end);
  keepInPlace(readersCard(), () => {
    place(byId('open'), open);
    place(byId('closed'), closed.slice(0, closedShown));
  });
  setText(byId('open-count'), String(open.length));
  setText(byId('closed-count'), String(closed.length));
  byId('closed-none').hidden = closed.length > 0;
  const more = byId('closed-more');
  more.hidden = closed.length <= closedShown;
  setText(more, `Show ${Math.min(CLOSED_PAGE, closed.length - closedShown)} more`);
  onChange();
}

function forgetOld() {
  const oldest = nowS() - CLOSED_SINCE_S;
  for (const [id, {anomaly}] of cards) if (anomaly.state === 'closed' && anomaly.end < oldest) cards.delete(id);
}

// Moves only the cards that stand in the wrong place.
function place(parent, wanted) {
  const keep = new Set(wanted.map(card => card.node));
  for (const node of [...parent.children]) if (!keep.has(node)) node.remove();
  let at = parent.firstElementChild;
  for (const {node} of wanted) {
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
}

// The card that must not move: the focused one, or the first that a scrolled view shows.
function readersCard() {
  const focused = document.activeElement?.closest('.card');
  if (focused || window.scrollY === 0) return focused;
  const below = document.querySelector('.top').getBoundingClientRect().bottom + 40;
  return document.elementFromPoint(window.innerWidth / 2, below)?.closest('.card');
}

function announce(opened) {
  if (!opened.length) return;
  const strongest = opened.reduce((a, b) => (b.score > a.score ? b : a));
  const which = `${strongest.metric}, score ${Math.round(strongest.score)}`;
  setText(byId('announce'), opened.length === 1 ? `New anomaly: ${which}` : `${opened.length} new anomalies, strongest ${which}`);
}
