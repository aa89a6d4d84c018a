// Tuning: a form with the options of a metric or a glob, each with the rule that gave its
// present value; what a change would have changed, while it is typed; and the overrides that were saved so far.
import {literal, tuneHash} from './address.js';
import {get, removeOverride, saveOverride} from './api.js';
import {byId, el, replace, setText} from './dom.js';
import {durationText, parseDuration, time, words} from './format.js';
import {previewPanel} from './preview.js';

const optionText = (option, value) => (option.type === 'duration' ? durationText(value) : String(value));
const PARSERS = {duration: parseDuration, choice: text => text};
const parse = (option, text) => (PARSERS[option.type] ?? Number)(text);

// The form for {metric}, or for {match}, a glob. `onChange` is called after a change was saved, `onPreview` with
// what one that is typed would have changed, or null.
export function tuneForm(target, onChange = () => {}, onPreview = () => {}) {
  const form = el('form', {class: 'tune', novalidate: true, autocomplete: 'off'});
  load({form, target, onChange, onPreview}, target.match ?? literal(target.metric));
  return form;
}

// Makes the form (anew, with `said` for the reader: the focus stays on the same field), to be saved for `match`.
// `undo`, where there is something to undo: the {match, options} that do.
async function load(made, match, said = '', undo = null) {
  const {form, target} = made;
  try {
    const answer = await get('/api/options', target);
    const focused = form.contains(document.activeElement) ? document.activeElement.name : undefined;
    build(made, answer, match, said, undo);
    form.elements[focused]?.focus({preventScroll: true});
  } catch (error) {
    replace(form, el('p', {class: 'error'}, error.message));
  }
}

function build(made, {options, overrides}, match, said, undo) {
  const {form, target, onPreview} = made;
  const status = el('p', {class: 'said', role: 'status'}, said);
  const applies = field(textInput, 'match', 'applies to', match, 'This metric, or a glob: * within one part of a name, ** across parts.');
  const fields = options.map(option => optionField(option, target));
  const panel = previewPanel(onPreview);
  const state = {...made, status, applies, fields, panel};
  const remove = el('button', {type: 'button', name: 'remove', onclick: () => drop(state, match)}, 'Remove override');
  remove.hidden = !overrides.some(override => override.match === match);
  const putBack = undo && el('button', {type: 'button', name: 'undo', onclick: () => takeBack(state, undo)}, 'Undo');
  replace(form, applies.node, el('div', {class: 'fields'}, fields.map(f => f.node)),
    el('p', {class: 'hint'}, 'An emptied field is no longer overridden: the rules give its value again.'),
    panel.sentence, panel.lists,
    el('div', {class: 'actions'}, el('button', {class: 'primary', name: 'save'}, 'Save override'), remove, status,
      putBack));
  form.onsubmit = event => { event.preventDefault(); save(state); };
  form.oninput = () => preview(state);
  panel.clear();
}

let fieldCount = 0;

// A labelled input with its help and a place for its error.
function field(control, name, label, value, help, ...beside) {
  const id = `field-${fieldCount++}`;
  const input = control({
    id, name, value, 'aria-describedby': `${id}-help ${id}-error`, spellcheck: 'false', autocapitalize: 'off',
  });
  const error = el('p', {id: `${id}-error`, class: 'error', hidden: true});
  const node = el('div', {class: 'field'}, el('label', {for: id}, label),
    el('div', {class: 'entry'}, input, beside), el('p', {id: `${id}-help`, class: 'help'}, help), error);
  return {node, input, error, initial: value};
}

const textInput = properties => el('input', properties);

// A choice among names; the empty one is as an emptied input.
const chooserOf = choices => ({value, ...properties}) => {
  const select = el('select', properties, el('option', {value: ''}, 'as the rules say'),
    choices.map(choice => el('option', {value: choice}, choice)));
  select.value = value;
  return select;
};

function rangeWords(option) {
  const range = option.type === 'choice' ? '' : `${optionText(option, option.min)} to ${optionText(option, option.max)}, `;
  return `${range}default ${optionText(option, option.default)}`;
}

function optionField(option, target) {
  const {name, unit, help} = option;
  const range = rangeWords(option);
  const control = option.type === 'choice' ? chooserOf(option.choices) : textInput;
  const made = field(control, name, words(name), optionText(option, option.value), `${help.replaceAll('`', '')} ${range}.`,
    el('span', {class: 'unit'}, option.type === 'duration' ? '' : unit),
    originBadge(option, target));
  return {...made, option};
}

// What gave the present value. That of an override leads to the view that can remove it.
function originBadge({origin, source}, target) {
  const match = source === 'override' && origin.slice('override '.length);
  const properties = {class: `origin ${source}`, title: 'what gave the present value'};
  return match && match !== target.match
    ? el('a', {...properties, href: tuneHash(match)}, origin) : el('span', properties, origin);
}

function complain({input, error}, sentence) {
  setText(error, sentence);
  error.hidden = !sentence;
  input.setAttribute('aria-invalid', String(Boolean(sentence)));
}

// What is wrong with the text of a field; '' when nothing is. An empty field is the rules' again.
function fault({option, input}) {
  const text = input.value.trim();
  const value = parse(option, text);
  if (text === '' || option.type === 'choice') return '';
  if (!Number.isFinite(value)) return option.type === 'duration' ? 'A duration such as 90s, 30m or 1h30m.' : 'A number.';
  if (option.type === 'integer' && !Number.isInteger(value)) return 'A whole number.';
  const inRange = value >= option.min && value <= option.max;
  return inRange ? '' : `From ${optionText(option, option.min)} to ${optionText(option, option.max)}.`;
}

// {NAME: value, or null where the field was emptied} of what is not as it was.
const changes = fields => Object.fromEntries(fields.filter(({input, initial}) => input.value.trim() !== initial)
  .map(({option, input}) => [option.name, input.value.trim() === '' ? null : parse(option, input.value.trim())]));

function preview({target, applies, fields, panel}) {
  const match = applies.input.value.trim(), options = changes(fields);
  const wrong = fields.find(fault);
  if (wrong) panel.clear(`No preview: ${words(wrong.option.name)}: ${fault(wrong)}`);
  else if (!match || !Object.keys(options).length) panel.clear();
  else panel.ask({match, options, metric: target.metric});
}

// What gives the override of `match` back the options that `names` names, as they are before a change.
async function inverse(match, names) {
  const {overrides} = await get('/api/overrides');
  const present = overrides.find(override => override.match === match)?.options ?? {};
  const before = (names ?? Object.keys(present)).map(name => [name, present[name] ?? null]);
  return {match, options: Object.fromEntries(before)};
}

async function save(state) {
  const {form, onChange, status, applies, fields} = state;
  const match = applies.input.value.trim();
  complain(applies, match ? '' : 'A metric or a glob.');
  fields.forEach(f => complain(f, fault(f)));
  const wrong = form.querySelector('[aria-invalid=true]');
  if (wrong) return wrong.focus();
  const options = changes(fields);
  if (!Object.keys(options).length) return setText(status, 'Nothing changed.');
  try {
    const undo = await inverse(match, Object.keys(options));
    await saveOverride(match, options);
    await load(state, match, `Saved for ${match}: in force within two seconds.`, undo);
    onChange();
  } catch (error) {
    tellServersFault(error.message, status, applies, fields);
  }
}

// The server's sentence goes next to the field that it names.
function tellServersFault(sentence, status, applies, fields) {
  const named = fields.find(({option}) => sentence.includes(option.name)) ?? (/match|glob/.test(sentence) ? applies : null);
  setText(status, named ? '' : sentence);
  if (!named) return;
  complain(named, sentence);
  named.input.focus();
}

async function drop(state, match) {
  const {onChange, status} = state;
  try {
    const undo = await inverse(match);
    await removeOverride(match);
    await load(state, match, `Removed: ${match} follows the rules again.`, undo);
    onChange();
  } catch (error) {
    setText(status, error.message);
  }
}

async function takeBack(state, {match, options}) {
  const {onChange, status} = state;
  try {
    await saveOverride(match, options);
    await load(state, match, `Undone: ${match} is as it was.`);
    onChange();
  } catch (error) {
    setText(status, error.message);
  }
}

// The view of all overrides, with the form for `match`.
export function show(query) {
  const match = query.get('tune');
  const overrides = el('div', {class: 'overrides'});
  const chooser = el('form', {class: 'chooser'}, field(textInput, 'match', 'metric or glob', match, 'Such as stats.timers.* or servers.**.cpu').node,
    el('button', {}, 'Show options'));
  chooser.onsubmit = event => { event.preventDefault(); location.hash = tuneHash(chooser.elements.match.value.trim()); };
  replace(byId('tuning'), el('h2', {}, 'Tuning'),
    match ? tuneForm({match}, () => tellOverrides(overrides)) : chooser, overrides);
  tellOverrides(overrides);
}

export function hide() {
  replace(byId('tuning'));
}

async function tellOverrides(node) {
  try {
    const [{overrides}, {options}, text] = await Promise.all([
      get('/api/overrides'), get('/api/options', {match: '**'}), get('/api/overrides/export')]);
    const table = new Map(options.map(option => [option.name, option]));
    replace(node, el('h3', {}, 'Overrides, in the order in which they apply'),
      overrides.length ? el('ul', {}, overrides.map(override => overrideRow(override, table, node)))
        : el('p', {class: 'none'}, 'None saved.'),
      overrides.length ? exported(text) : null);
  } catch (error) {
    replace(node, el('p', {class: 'error'}, error.message));
  }
}

function overrideRow({match, options, saved_at: savedAt}, table, node) {
  const values = Object.entries(options).map(([name, value]) => `${words(name)} ${optionText(table.get(name), value)}`);
  const said = el('span', {class: 'error'});
  const remove = () => removeOverride(match).then(() => tellOverrides(node), error => setText(said, error.message));
  return el('li', {}, el('a', {href: tuneHash(match)}, match), el('span', {}, values.join(', ')), said,
    el('span', {class: 'when'}, 'saved ', time(savedAt)), el('button', {type: 'button', onclick: remove}, 'Remove'));
}

function exported(text) {
  const pre = el('pre', {tabindex: 0}, text);
  const select = el('button', {type: 'button', onclick: () => getSelection().selectAllChildren(pre)}, 'Select');
  return [el('h3', {}, 'The same as settings.conf text ', select), pre];
}
