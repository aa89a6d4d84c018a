// All metrics that match, by words, glob and state: #find=QUERY, #find=QUERY&state=STATE. Asked for by the page, as
// they come near the view.
import {findHash, metricHash} from './address.js';
import {get} from './api.js';
import {byId, el, replace, setText} from './dom.js';
import {number, plural, time} from './format.js';
import {muteTitle, stateInWords} from './verdict.js';
import {Windowed} from './windowed.js';

const PAGE = 100;
const REFRESH_MS = 10_000;
const STATES = ['WARMING_UP', 'NORMAL', 'ANOMALOUS', 'FLAT', 'DROPOUT', 'GAP', 'RESET', 'STALE', 'UNKNOWN'];

let asked; // {query, state, pages: Map(page -> metrics or a promise)} of what is shown; undefined while it is hidden
let range = [0, 0];
let parts; // the section's, made when it is first shown

function makeParts() {
  const text = el('input', {type: 'search', id: 'find-query', 'aria-label': 'Words or a glob',
    placeholder: 'web cpu, or servers.*.cpu', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false'});
  const state = el('select', {id: 'find-state', 'aria-label': 'State'}, el('option', {value: ''}, 'in any state'),
    STATES.map(name => el('option', {value: name}, stateInWords(name))));
  const count = el('p', {class: 'found', role: 'status'});
  const list = el('div', {id: 'find-list', role: 'list', 'aria-label': 'Metrics'});
  const go = event => {
    event?.preventDefault();
    location.hash = findHash(text.value.trim(), state.value);
  };
  state.addEventListener('change', () => go());
  replace(byId('find'), el('h2', {}, 'Metrics'),
    el('form', {class: 'finder', onsubmit: go}, text, state, el('button', {}, 'Find')),
    count,
    el('div', {class: 'finding heads', 'aria-hidden': 'true'},
      ['Name', 'State', 'Last value', 'Last point'].map((head, i) => el('span', {class: COLUMNS[i]}, head))),
    list);
  parts = {text, state, count, rows: new Windowed(list, {make: makeRow, fill, onRange: near})};
}

const COLUMNS = ['name', 'state', 'value', 'last'];

const makeRow = () => el('div', {class: 'finding', role: 'listitem'}, el('a', {class: 'name'}),
  COLUMNS.slice(1).map(column => el('span', {class: column})));

function fill(row, i) {
  const page = asked.pages.get(Math.floor(i / PAGE));
  const {name, state, value, last, mute} = Array.isArray(page) ? page[i % PAGE] ?? {} : {};
  const [link, ...cells] = row.children;
  row.dataset.at = i;
  row.ariaPosInSet = i + 1;
  row.ariaSetSize = asked.total;
  row.dataset.state = state ?? '';
  setText(link, name ?? '…');
  link.title = name ?? '';
  if (name === undefined) link.removeAttribute('href');
  else link.setAttribute('href', metricHash(name));
  setText(cells[0], state ? `${stateInWords(state)}${mute ? ', muted' : ''}` : '');
  cells[0].title = mute ? muteTitle(mute) : '';
  setText(cells[1], name === undefined ? '' : number(value));
  replace(cells[2], last ? time(last) : '');
}

function near(first, end) {
  range = [first, end];
  for (let page = Math.floor(first / PAGE); page * PAGE < end; page++) if (!asked.pages.has(page)) load(page);
}

async function load(page) {
  const of = asked, {query, state, pages} = of;
  if (!Array.isArray(pages.get(page))) pages.set(page, null);
  try {
    const answer = await get('/api/metrics',
      {query: query || undefined, state: state || undefined, first: page * PAGE + 1, limit: PAGE});
    if (of !== asked) return;
    pages.set(page, answer.metrics);
    of.total = answer.total;
    tellCount(of);
    parts.rows.set(answer.total);
  } catch (error) {
    if (of !== asked) return;
    pages.delete(page);
    parts.count.className = 'found error';
    setText(parts.count, error.message);
  }
}

function tellCount({total, query, state}) {
  const how = [state && stateInWords(state), query && `that match ${query}`].filter(Boolean).join(', ');
  parts.count.className = 'found';
  setText(parts.count, `${plural(total, 'metric')}${how && ` ${how}`}`);
}

setInterval(() => {
  if (!asked || document.hidden) return;
  for (let page = Math.floor(range[0] / PAGE); page * PAGE < range[1]; page++) load(page);
  if (!asked.total) load(0);
}, REFRESH_MS);

export function show(parameters) {
  const query = parameters.get('find') ?? '', state = parameters.get('state') ?? '';
  if (!parts) makeParts();
  parts.text.value = query;
  parts.state.value = state;
  asked = {query, state, pages: new Map(), total: 0};
  parts.rows.resume();
  parts.rows.set(0);
  load(0);
}

export function hide() {
  asked = undefined;
  parts.rows.pause();
}

// Focuses the next row, or the previous one.
export function move(step) {
  const focused = document.activeElement?.closest('.finding');
  if (!asked?.total) return false;
  const at = focused ? Number(focused.dataset.at) + step : range[0];
  parts.rows.show(Math.min(asked.total - 1, Math.max(0, at)))?.querySelector('.name').focus({preventScroll: true});
  return true;
}
