// The overrides that were saved, the history of their changes with an undo for each, and all of them as settings.conf
// text.
import {tuneHash} from './address.js';
import {get} from './api.js';
import {saveOverride, undoOverride} from './changes.js';
import {el, replace, setText} from './dom.js';
import {durationText} from './durations.js';
import {time, words} from './format.js';
import {whenBack} from './live.js';

const EXPORT = '/api/overrides/export';

// An option's value as the form has it.
export const optionText = (option, value) => (option?.type === 'duration' ? durationText(value) : String(value));

// Fills `node`. `onChange` is called after a change that was made here.
export async function tellOverrides(node, onChange) {
  const again = async () => {
    await tellOverrides(node, onChange);
    onChange();
  };
  try {
    const [{overrides}, {entries}, {options}, text] = await Promise.all([
      get('/api/overrides'), get('/api/overrides/history'), get('/api/options', {match: '**'}), get(EXPORT)]);
    const table = new Map(options.map(option => [option.name, option]));
    replace(node, el('h3', {}, 'Overrides, in the order in which they apply'),
      overrides.length ? el('ul', {}, overrides.map(override => overrideRow(override, table, again)))
        : el('p', {class: 'none'}, 'None saved.'),
      overrides.length > 0 && exported(text),
      entries.length > 0 && [el('h3', {}, 'What was changed, newest first'),
        el('ol', {class: 'changes'}, entries.map(entry => entryRow(entry, table, again)))]);
  } catch (error) {
    replace(node, el('p', {class: 'error'}, error.message));
    whenBack(error, () => node.isConnected && tellOverrides(node, onChange));
  }
}

const valueWords = (table, name, value) => `${words(name)} ${optionText(table.get(name), value)}`;

function row(match, said, when, button) {
  const trouble = el('span', {class: 'error', role: 'status'});
  const press = () => button.act().catch(error => setText(trouble, error.message));
  const act = button && el('button', {type: 'button', onclick: press}, button.text);
  return el('li', {}, el('a', {href: tuneHash(match)}, match), el('span', {}, said), trouble,
    el('span', {class: 'when'}, when), act);
}

// Of a glob that stands there more than once, what the row tells and no more.
const removeOptions = (match, options) =>
  saveOverride(match, Object.fromEntries(Object.keys(options).map(name => [name, null])));

const overrideRow = ({match, options, saved_at: savedAt}, table, again) =>
  row(match, Object.entries(options).map(([name, value]) => valueWords(table, name, value)).join(', '),
    ['saved ', time(savedAt)], {text: 'Remove', act: () => removeOptions(match, options).then(again)});

const entryRow = ({id, at, match, before, after, undoable}, table, again) =>
  row(match, changeInWords(optionsOf(before), optionsOf(after), table), time(at),
    undoable && {text: 'Undo', act: () => undoOverride(id).then(again)});

// What a glob's entries set together.
const optionsOf = entries => Object.assign({}, ...entries.map(entry => entry.options));

// "median 5 → 9, flat no → as the rules say": what differs.
function changeInWords(before, after, table) {
  const of = (options, name) => (name in options ? optionText(table.get(name), options[name]) : 'as the rules say');
  const names = Object.keys({...before, ...after}).filter(name => before[name] !== after[name]);
  return names.map(name => `${words(name)} ${of(before, name)} → ${of(after, name)}`).join(', ') || 'saved anew';
}

function exported(text) {
  const pre = el('pre', {tabindex: 0}, text), said = el('span', {class: 'said', role: 'status'});
  const copy = () => { // the way that is also open to a page without TLS
    getSelection().selectAllChildren(pre);
    setText(said, document.execCommand('copy') ? 'Copied.' : 'Selected: copy it from here.');
  };
  return [el('h3', {}, 'The same as settings.conf text'), pre,
    el('p', {class: 'actions'}, el('button', {type: 'button', onclick: copy}, 'Copy'),
      el('a', {href: EXPORT, download: 'overrides.conf'}, 'Save as a file'), said)];
}
