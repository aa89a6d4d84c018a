// What went wrong before: the incidents of up to 90 days, by words, and as a file for a spreadsheet.
// #history=WORDS, #history=WORDS&days=N.
import {historyHash} from './address.js';
import {get} from './api.js';
import {byId, el, replace, setText} from './dom.js';
import {nowS, plural} from './format.js';
import {whenBack} from './live.js';
import {incidentRow, updateIncident} from './rows.js';
import {VirtualList} from './virtual.js';

const LIMIT = 2000;
const DAYS = [[1, 'the last day'], [7, '7 days'], [30, '30 days'], [90, '90 days']];

let asked; // what is shown; undefined while the view is hidden
let parts; // the section's, made when it is first shown

function makeParts() {
  const text = el('input', {type: 'search', id: 'history-text', 'aria-label': 'Part of a name',
    placeholder: 'part of a name', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false'});
  const days = el('select', {id: 'history-days', 'aria-label': 'How far back'},
    DAYS.map(([value, words]) => el('option', {value}, words)));
  const candidates = el('input', {type: 'checkbox', id: 'history-candidates'});
  const count = el('p', {class: 'found', role: 'status'}), file = el('a', {download: 'incidents.csv'}, 'as CSV');
  const root = el('div', {id: 'history-list', class: 'rows', role: 'list', 'aria-label': 'Incidents'});
  const go = event => {
    event?.preventDefault();
    location.hash = historyHash(text.value.trim(), days.value, candidates.checked);
  };
  days.addEventListener('change', () => go());
  candidates.addEventListener('change', () => go());
  replace(byId('history'), el('h2', {}, 'Incidents'),
    el('form', {class: 'finder', onsubmit: go}, text, days, el('label', {}, candidates, ' candidates too'),
      el('button', {}, 'Find'), file),
    count, root);
  const list = new VirtualList(root, {make: incidentRow, update: updateIncident,
    anchor: () => document.activeElement?.closest('#history-list .row')});
  parts = {text, days, candidates, count, file, list};
}

export async function show(parameters) {
  const text = parameters.get('history') ?? '', days = Number(parameters.get('days')) || 7;
  const candidates = parameters.get('candidates') === '1' ? 1 : 0;
  if (!parts) makeParts();
  parts.text.value = text;
  parts.days.value = days;
  parts.candidates.checked = Boolean(candidates);
  const query = {state: 'all', since: Math.floor(nowS() - days * 86400), limit: LIMIT, candidates, ...(text && {text})};
  const mine = asked = {};
  parts.file.setAttribute('href', `/api/incidents?${new URLSearchParams({...query, format: 'csv'})}`);
  setText(parts.count, '');
  try {
    const {incidents, truncated} = await get('/api/incidents', query);
    if (mine !== asked) return;
    incidents.sort((a, b) => b.start - a.start);
    parts.list.set(incidents);
    setText(parts.count, `${plural(incidents.length, 'incident')}${truncated ? ' of more: narrow the search' : ''}`);
  } catch (error) {
    if (mine !== asked) return;
    setText(parts.count, error.message);
    whenBack(error, () => mine === asked && show(parameters));
  }
}

export function hide() {
  asked = undefined;
}

// Focuses the next row, or the previous one.
export function move(step) {
  const ids = parts.list.ids(), at = ids.indexOf(document.activeElement?.closest('#history-list .row')?.dataset.id);
  if (!ids.length) return false;
  const row = parts.list.show(ids[at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + step))]);
  row?.querySelector('.name').focus({preventScroll: true});
  row?.scrollIntoView({block: 'nearest'});
  return Boolean(row);
}
