// Opens any metric by name: a combobox over /api/metrics. Words find the names that hold them all; text with
// *, ?, [ or { is a glob. The last of the list leads to all that match.
import {findHash, metricHash} from './address.js';
import {get} from './api.js';
import {byId, el, replace} from './dom.js';
import {number} from './format.js';
import {stateInWords} from './verdict.js';

const PAUSE_MS = 150;
const FOUND_MAX = 12;

const input = byId('search');
const list = byId('found');
let timer, asked;
let shownFor; // the text whose names the list holds

export function startSearch() {
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE_MS);
  });
  input.addEventListener('keydown', keydown);
  input.addEventListener('focus', sought);
  input.addEventListener('blur', close);
  input.form.addEventListener('submit', submit);
  list.addEventListener('mousedown', event => {
    event.preventDefault(); // the input keeps the focus, so the list stays until the click is done
    const picked = event.target.closest('[role=option]');
    if (picked) open(picked.dataset.hash);
  });
  sought(); // what was typed while this was loaded
}

const sought = () => input.value && search();

async function search() {
  const text = input.value.trim();
  asked?.abort();
  asked = new AbortController();
  if (!text) return close();
  try {
    const {metrics, total} = await get('/api/metrics', {query: text, limit: FOUND_MAX}, asked.signal);
    show(metrics, total, text);
    shownFor = text;
  } catch (error) {
    if (error.name !== 'AbortError') show([], 0, text, error.message);
  }
}

const option = (i, {hash, name}, ...content) =>
  el('li', {role: 'option', id: `found-${i}`, 'aria-selected': 'false', 'data-hash': hash, 'data-name': name}, content);

function show(metrics, total, text, message = 'No metric has such a name.') {
  const options = metrics.map(({name, state}, i) =>
    option(i, {hash: metricHash(name), name}, name, el('span', {class: 'state'}, stateInWords(state))));
  if (options.length) options.push(option(options.length, {hash: findHash(text)},
    total === 1 ? 'The one that matches, in a list' : `All ${number(total)} that match, in a list`));
  replace(list, options.length ? options : el('li', {class: 'none'}, message));
  list.hidden = document.activeElement !== input;
  input.setAttribute('aria-expanded', String(!list.hidden));
  input.removeAttribute('aria-activedescendant');
}

function close() {
  clearTimeout(timer);
  asked?.abort();
  list.hidden = true;
  input.setAttribute('aria-expanded', 'false');
  input.removeAttribute('aria-activedescendant');
}

const chosen = () => list.querySelector('[aria-selected=true]');

function choose(step) {
  const options = [...list.querySelectorAll('[role=option]')];
  const at = options.indexOf(chosen());
  chosen()?.setAttribute('aria-selected', 'false');
  const from = at < 0 && step < 0 ? 0 : at;
  const next = options[(from + step + options.length) % options.length];
  next?.setAttribute('aria-selected', 'true');
  next?.scrollIntoView({block: 'nearest'});
  if (next) input.setAttribute('aria-activedescendant', next.id);
}

function keydown(event) {
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    choose(event.key === 'ArrowDown' ? 1 : -1);
  } else if (event.key === 'Escape') {
    event.stopPropagation();
    input.value = '';
    close();
    input.blur();
  }
}

// Enter opens the chosen name, or the first that was found.
async function submit() {
  const text = input.value.trim();
  if (text !== shownFor) await search();
  const first = list.querySelector('[role=option]');
  if (shownFor === text) open((chosen() ?? first)?.dataset.hash);
}

function open(hash) {
  if (!hash) return;
  input.value = '';
  close();
  input.blur();
  location.hash = hash;
}
