// One incident: what its metrics share, the chart of the one that went wrong first, and when each of the others
// followed, on one line of time.
import {overviewHash} from './address.js';
import {get} from './api.js';
import {charts, lastHour} from './chart.js';
import {byId, el, keepInPlace, renew, replace, setName, setText} from './dom.js';
import {duration, nowS, number, plural, time} from './format.js';
import {desk} from './desk.js';
import {hear, whenBack} from './live.js';
import {muteInWords} from './mute.js';
import {notifiedTable} from './notified.js';
import {arrow, hrefOf, incidentMute, noteOf, whenInWords} from './rows.js';
import {candidateLabel, gravity, muteLabel, scoreBadge} from './verdict.js';
import {VirtualList} from './virtual.js';

const NEWS_MS = 1000; // its events are gathered for so long
const TICK_MS = 10_000;
const CONTEXT_S = 1800; // shown on both sides of a closed one
const NARROWEST = 0.4; // of a bar, in percent

// {id, incident, title, head, notified, first, count, list, drawn}: what the view shows; undefined while it is hidden
let shown;
let newsTimer;
let live = false; // whether events flow
let mutes; // which are in force, as last told

// Messages go out while nothing else is heard of an open one: so it is read again. How long it lasts is told in any
// case.
setInterval(() => {
  if (!shown?.incident) return;
  if (live && shown.incident.state === 'open' && !document.hidden) load(shown);
  else tell(shown);
}, TICK_MS);

hear('incident', ({incident}) => {
  if (incident.id === shown?.id) newsTimer ??= setTimeout(load, NEWS_MS, shown);
});

// What it was told while the stream was gone.
hear('live', flows => {
  live = flows;
  if (live && shown) load(shown);
});

hear('status', ({mutes: {stamp}}) => {
  if (shown && stamp !== (mutes ?? stamp)) load(shown);
  mutes = stamp;
});

const focusedRow = () => document.activeElement?.closest('.timeline .row');

export function show(query) {
  const title = el('h2', {class: 'name', tabindex: -1}), head = el('div', {class: 'incident-head'});
  const id = query.get('incident'), tending = desk(id);
  const notified = el('div'), first = el('div'), count = el('h3'), members = el('div', {class: 'rows timeline'});
  replace(byId('incident'), el('a', {class: 'back', href: overviewHash()}, '← Overview'), title, head,
    tending.node, notified, first, count, members);
  const list = new VirtualList(members, {make: makeMember, update: updateMember, anchor: focusedRow});
  shown = {id, title, head, tending, notified, first, count, list};
  title.focus({preventScroll: true});
  load(shown);
}

export function hide() {
  shown = undefined;
  replace(byId('incident'));
}

export function move(step) {
  if (!shown?.incident) return false;
  const ids = shown.list.ids(), at = ids.indexOf(focusedRow()?.dataset.id);
  const row = shown.list.show(ids[at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + step))]);
  row?.querySelector('.name').focus({preventScroll: true});
  row?.scrollIntoView({block: 'nearest'});
  return Boolean(row);
}

async function load(view) {
  newsTimer = undefined;
  try {
    const incident = await get('/api/incident', {id: view.id});
    if (view !== shown) return;
    view.incident = incident;
    tell(view);
  } catch (error) {
    if (view !== shown) return;
    replace(view.head, el('span', {class: 'error'}, error.message));
    whenBack(error, () => view === shown && load(view));
  }
}

function tell(view) {
  const {incident} = view, {title, members, metrics, first} = incident;
  setName(view.title, title);
  const muted = incidentMute(incident);
  replace(view.head, el('p', {class: 'facts'}, facts(incident)), el('p', {class: 'facts'}, saidOf(first)),
    muted && el('p', {class: 'facts mute'}, muted[1] !== 'muted' && 'Of some of its metrics: ',
      muteInWords(muted[0])));
  view.tending.tell(incident);
  renew(view.notified, incident.notified, notifiedTable);
  if (!view.drawn) {
    const closeUp = incident.state === 'open' ? lastHour
      : () => ({from: incident.start - CONTEXT_S, until: incident.end + CONTEXT_S, title: 'around it'});
    view.drawn = charts(first.metric, {closeUp});
    const name = el('a', {class: 'metric', href: hrefOf(first)});
    setName(name, first.metric);
    replace(view.first, el('h3', {}, 'First: ', name), view.drawn);
  }
  setText(view.count, `${plural(metrics, 'metric')}, in the order in which they went wrong`
    + (incident.members_truncated ? `; the first ${number(members.length)}` : ''));
  const inOrder = [...members].sort((a, b) => a.start - b.start || b.score - a.score);
  keepInPlace(focusedRow(), () => view.list.set(inOrder));
}

// What was seen of a member at its peak, and what was expected: "412 ms, where 80 to 120 ms was expected"; else "".
function seenOf({value, expected, lower, upper, mean, unit}) {
  if (!Number.isFinite(value)) return '';
  const inUnit = x => number(x) + (unit ? ` ${unit}` : '');
  const off = Number.isFinite(expected) && !(value >= lower && value <= upper);
  const where = off ? `, where ${number(lower)} to ${inUnit(upper)} was expected` : '';
  return inUnit(value) + (mean ? ' on average' : '') + where;
}

function saidOf(member) {
  const between = member.what === 'FORECAST' ? '; now at ' : ': ';
  return [noteOf(member), seenOf(member)].filter(Boolean).join(between);
}

function facts(incident) {
  const {score, direction, candidate, metrics, open, state, reopened} = incident;
  const still = state === 'open' && open < metrics && `, ${number(open)} of them still open`;
  const back = reopened > 0 && `; came back ${reopened === 1 ? 'once' : `${number(reopened)} times`}`;
  return ['score ', scoreBadge(score), ' ', arrow(direction), candidate && candidateLabel(), ' ', state, ' ',
    whenInWords(incident), `; ${plural(metrics, 'metric')}`, still, back];
}

function makeMember(member) {
  const row = el('div', {role: 'listitem', 'data-id': member.id},
    el('span', {class: 'after'}), el('span', {class: 'badge'}),
    el('span', {}, el('a', {class: 'name'}), ' ', el('span')), 
    el('span', {class: 'track'}, el('i', {class: 'bar'})), el('span', {class: 'when'}));
  updateMember(row, member);
  return row;
}

function updateMember(row, member) {
  const {start, end, state} = shown.incident;
  const until = state === 'open' ? nowS() : end, percent = 100 / Math.max(1, until - start);
  const [after, badge, {children: [name, label]}, track, when] = row.children;
  name.title = saidOf(member);
  row.className = `row ${member.state} ${gravity(member.score)}`;
  setText(after, `+${duration(member.start - start)}`);
  replace(badge, scoreBadge(member.score), arrow(member.direction));
  setName(name, member.metric);
  name.setAttribute('href', hrefOf(member));
  replace(label, member.mute && muteLabel(member.mute));
  replace(when, whenInWords(member));
  track.firstChild.style.marginLeft = `${Math.min(100 - NARROWEST, (member.start - start) * percent)}%`;
  const length = (member.state === 'open' ? until : member.end) - member.start;
  track.firstChild.style.width = `${Math.max(NARROWEST, length * percent)}%`;
}
