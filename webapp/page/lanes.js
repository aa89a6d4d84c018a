// The lanes: a row for each group of metrics, a cell for each stretch of time, coloured, and filled from below, by the
// strongest score in it. Tab leads to one cell, and the arrow keys from there. A row's name goes one level down; a cell
// narrows the list to what went wrong in it.
import {metricHash} from './address.js';
import {get} from './api.js';
import {arrange, byId, el, replace, setText} from './dom.js';
import {clock, nowS, plural, utc} from './format.js';
import {DEPTHS, RANGES, hashWith, scope, wholeList} from './scope.js';
import {gravity} from './verdict.js';

const REFRESH_MS = 30_000;
const NEWS_MS = 2_000; // news of anomalies are gathered for so long
const DAY_S = 86400;
const NARROW = matchMedia('(max-width: 40em)');

const grid = byId('lanes');
const rows = new Map(); // prefix -> {node, name, count, cells: [node], row: as told}
const rowsShown = () => (all ? Infinity : NARROW.matches ? 8 : 20);
let frame = {from: 0, slot_s: 1, slots: 0}; // of what is drawn
let asked, newsTimer, loadedFor;
let all = false; // whether every row is shown

// Draws what the address asks for. Throws ApiError.
export async function reload() {
  const {range, depth, prefix, candidates} = scope();
  const mine = asked = {...frameOf(RANGES[range]), depth, prefix: prefix || undefined, candidates: Number(candidates)};
  tellControls();
  const answer = await get('/api/lanes', mine);
  if (mine === asked) draw(answer);
}

const zoneS = () => new Date().getTimezoneOffset() * 60;

// Cells begin at whole steps of the viewer's clock, so that they stay what they are while time goes on.
function frameOf({seconds, wide, narrow}) {
  const step = NARROW.matches ? narrow : wide, slots = seconds / step;
  const until = (Math.floor((nowS() - zoneS()) / step) + 1) * step + zoneS();
  return {from: until - slots * step, until, slots};
}

function draw(answer) {
  const sameSlots = answer.slots === frame.slots;
  frame = answer;
  if (!sameSlots) rows.clear();
  const present = new Set(answer.rows.map(({prefix}) => prefix));
  for (const prefix of rows.keys()) if (!present.has(prefix)) rows.delete(prefix);
  const shown = answer.rows.map((row, i) => drawRow(row, i >= rowsShown()));
  const focused = document.activeElement;
  replace(axis, el('span', {class: 'head'}), el('div', {class: 'cells'}, ticks()));
  arrange(grid, shown.length ? [...shown, axis] : []);
  if (focused?.isConnected) focused.focus({preventScroll: true});
  markChosen();
  for (const cell of grid.querySelectorAll('.lane[hidden] [tabindex="0"]')) cell.setAttribute('tabindex', '-1');
  if (!grid.querySelector('[tabindex="0"]')) shown[0]?.querySelector('.cell:last-child')?.setAttribute('tabindex', '0');
  const more = byId('lanes-more');
  more.hidden = shown.length <= rowsShown();
  setText(more, `Show ${shown.length - rowsShown()} more`);
  byId('lanes-none').hidden = shown.length > 0;
  const left = answer.groups - shown.length;
  setText(byId('lanes-note'), [left > 0 && `${plural(left, 'weaker group')} not shown.`,
    !answer.complete && 'The past is still being read.'].filter(Boolean).join(' '));
}

const axis = el('div', {class: 'lane ticks', role: 'none'});
const template = slots => el('div', {class: 'cells', role: 'none'},
  Array.from({length: slots}, () => el('i', {class: 'cell', role: 'gridcell', tabindex: -1})));
let blank; // a row's cells, to be cloned

function drawRow(row, hidden) {
  const {prefix, cells, metrics, leaf} = row;
  let it = rows.get(prefix);
  if (!it) {
    if (blank?.children.length !== cells.length) blank = template(cells.length);
    const name = el('a', {class: 'group'}), count = el('span', {class: 'count'}), body = blank.cloneNode(true);
    it = {name, count, cells: [...body.children], node: el('div', {class: 'lane', role: 'row', 'data-prefix': prefix},
      el('div', {class: 'head', role: 'rowheader'}, name, count), body)};
    rows.set(prefix, it);
  }
  it.row = row;
  setText(it.name, prefix || '(no name)');
  it.name.title = prefix;
  it.name.setAttribute('href', leaf ? metricHash(prefix) : hashWith({prefix, ...wholeList, depth: 1}));
  setText(it.count, leaf ? '' : String(metrics));
  it.count.title = plural(metrics, 'metric');
  cells.forEach((score, i) => {
    const level = score ? gravity(score) : '';
    if (it.cells[i].dataset.level !== level) it.cells[i].dataset.level = level;
  });
  it.node.hidden = hidden;
  return it.node;
}

// The times under the lanes: round ones, of the viewer's clock.
function ticks() {
  const {tick} = RANGES[scope().range], every = Math.max(1, tick * (NARROW.matches ? 2 : 1) / frame.slot_s);
  const marks = [];
  for (let i = 0; i < frame.slots; i++) {
    const t = frame.from + i * frame.slot_s;
    if ((t - zoneS()) % (every * frame.slot_s) || 4 * (frame.slots - i) < 3 * every) continue;
    const mark = el('time', {datetime: new Date(t * 1000).toISOString(), title: utc(t)}, tickText(t));
    mark.style.gridColumn = `${i + 1} / span ${Math.min(every, frame.slots - i)}`;
    marks.push(mark);
  }
  return marks;
}

function tickText(t) {
  const date = new Date(t * 1000);
  if (RANGES[scope().range].seconds > DAY_S) return date.toLocaleString('en', {month: 'short', day: 'numeric'});
  return [date.getHours(), date.getMinutes()].map(n => String(n).padStart(2, '0')).join(':');
}

// ---- one cell

function placeOf(cell) {
  const it = rows.get(cell.closest('.lane').dataset.prefix), i = it.cells.indexOf(cell);
  const from = frame.from + i * frame.slot_s;
  return {it, i, from, until: from + frame.slot_s};
}

// Told when somebody looks at it: there are thousands.
function describe(cell) {
  const {it: {row}, i, from, until} = placeOf(cell);
  const score = row.cells[i];
  const what = score ? `strongest score ${score}, ${gravity(score)}` : 'nothing';
  const text = `${row.prefix}, ${clock(from)} to ${clock(until)}: ${what}`;
  cell.title = `${text}\n${utc(from)}`;
  cell.ariaLabel = text;
}

function focusCell(cell) {
  grid.querySelector('.cell[tabindex="0"]')?.setAttribute('tabindex', '-1');
  cell.setAttribute('tabindex', '0');
  describe(cell);
  cell.focus();
}

function choose(cell) {
  const {it: {row}, from, until} = placeOf(cell);
  const chosen = scope().cell;
  const again = chosen?.group === row.prefix && chosen.from === from;
  location.hash = hashWith(again ? wholeList : {group: row.prefix, from, until});
}

function markChosen() {
  const chosen = scope().cell;
  for (const cell of grid.querySelectorAll('[aria-selected]')) cell.removeAttribute('aria-selected');
  if (!chosen) return;
  rows.get(chosen.group)?.cells.forEach((cell, i) => {
    const from = frame.from + i * frame.slot_s;
    if (from < chosen.until && from + frame.slot_s > chosen.from) cell.setAttribute('aria-selected', 'true');
  });
}

const STEPS = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity],
  End: [0, Infinity]};

function keydown(event) {
  const cell = event.target;
  if (!cell.matches('.cell') || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Enter' || event.key === ' ') choose(cell);
  else if (STEPS[event.key]) step(cell, ...STEPS[event.key]);
  else return;
  event.preventDefault();
}

function step(cell, down, right) {
  const within = (n, length) => Math.min(length - 1, Math.max(0, n));
  const lanes = [...grid.querySelectorAll('.lane[role=row]:not([hidden])')];
  const {it, i} = placeOf(cell);
  const lane = lanes[within(lanes.indexOf(it.node) + down, lanes.length)];
  const {cells} = rows.get(lane.dataset.prefix);
  focusCell(cells[within(i + right, cells.length)]);
}

// ---- what is chosen above the lanes

const choice = (name, options) => el('select', {id: `lanes-${name}`,
  onchange: ({target: {value}}) => go({[name]: name === 'depth' ? Number(value) : value})},
options.map(([value, text]) => el('option', {value}, text)));
const rangeChoice = choice('range', Object.entries(RANGES).map(([value, {title}]) => [value, title]));
const depthChoice = choice('depth', DEPTHS.map(depth => [depth, depth]));
const crumbs = el('nav', {class: 'crumbs', 'aria-label': 'Groups above', hidden: true});

function go(changes) {
  location.hash = hashWith({...wholeList, ...changes});
}

function tellControls() {
  const {range, depth, prefix} = scope();
  rangeChoice.value = range;
  depthChoice.value = depth;
  crumbs.hidden = !prefix;
  const names = prefix.split('.');
  const above = names.slice(0, -1).map((name, i) => [el('a', {
    href: hashWith({...wholeList, prefix: names.slice(0, i + 1).join('.')})}, name), '.']);
  const top = hashWith({...wholeList, prefix: undefined, depth: undefined});
  replace(crumbs, el('a', {href: top}, 'all'), ' › ', above, names.at(-1));
}

// ---- start

// `renew` brings up to date what follows the lanes: it is called now and then, and some time after what this returns
// was, which is to be called with news.
export function startLanes(renew) {
  const refresh = () => {
    newsTimer = undefined;
    if (!document.hidden && !byId('overview').hidden) renew();
  };
  byId('lanes-choice').append(crumbs, el('label', {for: 'lanes-range'}, 'last '), rangeChoice,
    el('label', {for: 'lanes-depth'}, 'by name parts '), depthChoice);
  grid.addEventListener('keydown', keydown);
  for (const [kind, act] of [['click', choose], ['mouseover', describe], ['focusin', describe]])
    grid.addEventListener(kind, ({target}) => target.matches('.cell') && act(target));
  byId('lanes-more').addEventListener('click', () => {
    all = true;
    grid.querySelectorAll('.lane').forEach(lane => { lane.hidden = false; });
    byId('lanes-more').hidden = true;
  });
  NARROW.addEventListener('change', refresh);
  setInterval(refresh, REFRESH_MS);
  return () => { newsTimer ??= setTimeout(refresh, NEWS_MS); };
}

// Whether the address asks for other lanes than are drawn.
export function isOther() {
  const {range, depth, prefix, candidates} = scope();
  const key = JSON.stringify([range, depth, prefix, candidates]);
  const other = key !== loadedFor;
  loadedFor = key;
  if (!other) markChosen();
  return other;
}
