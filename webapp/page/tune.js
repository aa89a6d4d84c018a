// Tuning: a form with the options of a metric or a glob, each with the rule that gave its
// present value; what a change would have changed, while it is typed; and the overrides that were saved so far.
import {literal, tuneHash} from './address.js';
import {get} from './api.js';
import {removeOverride, saveOverride, undoOverride} from './changes.js';
import {byId, el, replace, setText} from './dom.js';
import {parseDuration} from './durations.js';
import {words} from './format.js';
import {whenBack} from './live.js';
import {optionText, tellOverrides} from './overrides.js';
import {previewPanel} from './preview.js';
import {reveal, sections} from './sections.js';
import {sliderFor} from './slider.js';

const PARSERS = {duration: parseDuration, choice: text => text};
const parse = (option, text) => (PARSERS[option.type] ?? Number)(text);

// The form for {metric}, or for {match}, a glob. `onChange` is called after a change was saved, `onPreview` with
// what one that is typed would have changed, or null. `reload()` of the node shows what holds by now.
export function tuneForm(target, onChange = () => {}, onPreview = () => {}) {
  const form = el('form', {class: 'tune', novalidate: true, autocomplete: 'off'});
  const match = target.match ?? literal(target.metric);
  const made = {form, target, onChange, onPreview, opened: new Map()};
  form.reload = () => load(made, match);
  form.reload();
  return form;
}

// Makes the form (anew, with `said` for the reader: the focus stays on the same field), to be saved for `match`.
// `undo`, where there is something to undo: its entry in the history.
async function load(made, match, said = '', undo = null) {
  const {form, target} = made;
  try {
    const answer = await get('/api/options', target);
    const focused = form.contains(document.activeElement) ? document.activeElement.name : undefined;
    build(made, answer, match, said, undo);
    form.elements[focused]?.focus({preventScroll: true});
  } catch (error) {
    replace(form, el('p', {class: 'error'}, error.message));
    whenBack(error, () => form.isConnected && load(made, match, said, undo));
  }
}

function build(made, {options, overrides}, match, said, undo) {
  const {form, target, onPreview} = made;
  const status = el('p', {class: 'said', role: 'status'}, said);
  const applies = field(textInput, 'match', 'applies to', match,
    'This metric, or a glob: * within one part of a name, ** across parts.');
  const fields = options.map(option => optionField(option, target));
  const panel = previewPanel(onPreview);
  const state = {...made, status, applies, fields, panel};
  const remove = el('button', {type: 'button', name: 'remove', onclick: () => drop(state, match)}, 'Remove override');
  remove.hidden = !overrides.some(override => override.match === match);
  const putBack = undo &&
    el('button', {type: 'button', name: 'undo', onclick: () => takeBack(state, match, undo)}, 'Undo');
  replace(form, applies.node, sections(fields, made.opened),
    el('p', {class: 'hint'}, 'An emptied field is no longer overridden: the rules give its value again.'),
    panel.sentence, panel.lists,
    el('div', {class: 'actions'}, el('button', {class: 'primary', name: 'save'}, 'Save override'), remove, status,
      putBack, target.metric !== undefined && el('a', {href: tuneHash('')}, 'All overrides and their history')));
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
  const usual = optionText(option, option.default);
  return option.type === 'choice' ? `By default ${usual}`
    : `${optionText(option, option.min)} to ${optionText(option, option.max)}, default ${usual}`;
}

function optionField(option, target) {
  const {name, unit, help} = option;
  const range = rangeWords(option);
  const control = option.type === 'choice' ? chooserOf(option.choices) : textInput;
  const said = `${help.replaceAll('`', '')} ${range}.`, value = optionText(option, option.value);
  const made = field(control, name, words(name), value, said,
    el('span', {class: 'unit'}, option.type === 'duration' ? '' : unit), originBadge(option, target));
  const slider = sliderFor(option, made.input);
  if (slider) made.input.after(slider);
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
  if (!Number.isFinite(value))
    return option.type === 'duration' ? 'A duration such as 90s, 30m or 1h30m.' : 'A number.';
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

async function save(state) {
  const {form, onChange, status, applies, fields} = state;
  const match = applies.input.value.trim();
  complain(applies, match ? '' : 'A metric or a glob.');
  fields.forEach(f => complain(f, fault(f)));
  const wrong = form.querySelector('[aria-invalid=true]');
  if (wrong) return reveal({input: wrong});
  const options = changes(fields);
  if (!Object.keys(options).length) return setText(status, 'Nothing changed.');
  try {
    const {entry} = await saveOverride(match, options);
    await load(state, match, `Saved for ${match}: in force within two seconds.`, entry);
    onChange();
  } catch (error) {
    tellServersFault(error.message, status, applies, fields);
  }
}

// The server's sentence goes next to the field that it names.
function tellServersFault(sentence, status, applies, fields) {
  const named = fields.find(({option}) => sentence.includes(option.name)) ??
    (/match|glob/.test(sentence) ? applies : null);
  setText(status, named ? '' : sentence);
  if (!named) return;
  complain(named, sentence);
  reveal(named);
}

async function drop(state, match) {
  const {onChange, status} = state;
  try {
    const {entry} = await removeOverride(match);
    await load(state, match, `Removed: ${match} follows the rules again.`, entry);
    onChange();
  } catch (error) {
    setText(status, error.message);
  }
}

async function takeBack(state, match, entry) {
  const {onChange, status} = state;
  try {
    await undoOverride(entry);
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
  const wanted = field(textInput, 'match', 'metric or glob', match, 'Such as stats.timers.* or servers.**.cpu');
  const chooser = el('form', {class: 'chooser'}, wanted.node, el('button', {}, 'Show options'));
  chooser.onsubmit = event => {
    event.preventDefault();
    location.hash = tuneHash(chooser.elements.match.value.trim());
  };
  const form = match ? tuneForm({match}, () => tellOverrides(overrides, form.reload)) : chooser;
  replace(byId('tuning'), el('h2', {}, 'Tuning'), form, overrides);
  tellOverrides(overrides, () => form.reload?.());
}

export function hide() {
  replace(byId('tuning'));
}
