// Rows of lists: an incident, an anomaly. A row is brought up to date in place: a focus in it stays.
import {incidentHash, metricHash} from './address.js';
import {append, el, replace, setName, setText} from './dom.js';
import {clock, duration, nowS, plural, time} from './format.js';
import {spark} from './spark.js';
import {candidateLabel, gravity, muteLabel, scoreBadge} from './verdict.js';

const ARROWS = {
  up: ['▲', 'above what was expected'],
  down: ['▼', 'below what was expected'],
  mixed: ['◆', 'above and below what was expected'],
};

export function arrow(direction) {
  const [sign, title] = ARROWS[direction] ?? ['', ''];
  return el('span', {class: 'direction', title}, sign);
}

export function whenInWords({state, start, end}) {
  if (state === 'open') return ['since ', time(start), `, ${duration(nowS() - start)}`];
  return [time(start), ` for ${duration(end - start)}`];
}

const WHATS = {FLAT: 'stopped moving', DROPOUT: 'fell to nothing', STALE: 'fell silent', GAP: 'was silent and is back',
  RESET: 'began to count anew'};

// What a member is other than off its value; else "".
export const noteOf = ({what, note}) => note || WHATS[what] || '';

const parts = new WeakMap(); // row -> its parts

function makeRow(item, metric) {
  const it = {item, metric, badge: el('span', {class: 'badge'}), name: el('a', {class: 'name'}),
    label: el('span', {class: 'flag'}),
    when: el('span', {class: 'when'}), more: el('span', {class: 'more'})};
  it.spark = spark(metric, () => it.item.first ?? it.item);
  it.line = el('div', {class: 'line'}, it.badge, it.name, it.label, it.more, it.spark, it.when);
  it.node = el('div', {class: 'row', role: 'listitem', 'data-id': item.id}, it.line);
  parts.set(it.node, it);
  return it;
}

// `muted`: of muteLabel(), or null.
function dress(it, item, text, href, muted) {
  it.item = item;
  it.node.className = `row ${item.state} ${gravity(item.score)}${item.candidate ? ' candidate' : ''}`;
  replace(it.badge, scoreBadge(item.score), arrow(item.direction));
  setName(it.name, text);
  it.name.setAttribute('href', href);
  replace(it.label, item.candidate && candidateLabel(), muted && muteLabel(...muted));
  tellWhen(it.node);
}

// How long an open one lasts changes all the time.
export function tellWhen(node) {
  const it = parts.get(node);
  if (it) replace(it.when, whenInWords(it.item));
}

// Where an anomaly is seen: an open one as it is now.
export const hrefOf = ({metric, state, start, peak_at: peak}) =>
  metricHash(metric, state === 'open' ? undefined : peak ?? start);

export function anomalyRow(anomaly) {
  const it = makeRow(anomaly, anomaly.metric);
  updateAnomaly(it.node, anomaly);
  return it.node;
}

export function updateAnomaly(node, anomaly) {
  const {mute} = anomaly;
  dress(parts.get(node), anomaly, anomaly.metric, hrefOf(anomaly), mute && [mute, 'muted']);
}

export const ackInWords = ({by, at, normal}) =>
  `${by || 'somebody'} ${normal ? 'found it normal' : 'sees to it'}, since ${clock(at)}`;

// The first mute, and what of an incident's open members is muted; null where none is. A list tells but the strongest.
export function incidentMute({first, strongest, members, open}) {
  const told = members ?? [first, ...strongest.filter(({id}) => id !== first.id)];
  const still = told.filter(({state}) => state === 'open'), [muted, ...more] = still.filter(({mute}) => mute);
  return muted ? [muted.mute,
    more.length + 1 < still.length ? 'partly muted' : still.length < open ? 'strongest muted' : 'muted'] : null;
}

const expanded = new Set(); // ids of incidents whose members are shown

export function incidentRow(incident) {
  const it = makeRow(incident, incident.first.metric);
  it.expand = el('button', {type: 'button', class: 'expand quiet', onclick: () => toggle(it)});
  it.first = el('p', {class: 'first'});
  it.mover = el('span', {class: 'metric'});
  it.members = el('div', {class: 'members', role: 'list'});
  it.line.prepend(it.expand);
  it.count = el('span', {class: 'count'});
  it.desk = el('span', {class: 'seen'});
  it.own = el('a', {title: 'acknowledge, notes', href: incidentHash(incident.id)}, '…');
  append(it.more, [it.count, ' ', it.desk, ' ', it.own]);
  it.node.append(it.first, it.members);
  updateIncident(it.node, incident);
  return it.node;
}

// One of a single metric leads to that metric: it has nothing else to show.
export function updateIncident(node, incident) {
  const it = parts.get(node), {metrics, open, first, id, title, state, ack} = incident;
  const alone = metrics === 1;
  dress(it, incident, title, alone ? hrefOf(first) : incidentHash(id), incidentMute(incident));
  const still = state === 'open' && open < metrics ? `, ${open} open` : '';
  setText(it.count, alone ? '' : `${plural(metrics, 'metric')}${still}`);
  it.first.hidden = alone && !noteOf(first);
  replace(it.desk, ack && el('span', {class: 'label', title: ackInWords(ack)}, ack.normal ? 'normal' : 'seen to'));
  it.own.hidden = !alone;
  it.own.ariaLabel = `Incident ${title}`;
  it.expand.hidden = alone;
  setName(it.mover, first.metric);
  replace(it.first, !alone && ['first ', it.mover, ' '], noteOf(first));
  tellMembers(it);
}

function toggle(it) {
  if (!expanded.delete(it.item.id)) expanded.add(it.item.id);
  tellMembers(it);
}

// Members that are shown already are brought up to date.
function tellMembers(it) {
  const {item: {id, title, metrics, count, strongest}, members} = it;
  const isOpen = expanded.has(id);
  it.expand.ariaExpanded = String(isOpen);
  it.expand.ariaLabel = `Members of ${title}`;
  setText(it.expand, isOpen ? '▾' : '▸');
  const known = new Map([...members.querySelectorAll('.row')].map(row => [row.dataset.id, row]));
  const rows = isOpen ? strongest.map(member => {
    const row = known.get(member.id) ?? anomalyRow(member);
    updateAnomaly(row, member);
    return row;
  }) : [];
  const all = isOpen && count > strongest.length
    && el('a', {class: 'all', href: incidentHash(id)}, `all ${plural(metrics, 'metric')}`);
  if (rows.length !== known.size || rows.some((row, i) => members.children[i] !== row)) replace(members, rows, all);
}
