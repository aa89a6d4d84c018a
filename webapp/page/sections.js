// The sections of the tuning form: a few that open and close, so that what is asked for most is at hand, and what was
// changed is seen at once. A section tells the names of what is in it while it is closed.
import {el} from './dom.js';
import {words} from './format.js';

const SECTIONS = [
  ['Thresholds', ['sensitivity', 'score_to_open', 'consensus', 'three_sigma', 'median', 'holt_winters',
    'linear_regression', 'seasonal', 'seasonal_mean', 'slow']],
  ['Direction and size', ['direction', 'min_change', 'min_change_relative']],
  ['Timing', ['min_duration', 'close_after']],
  ['Detectors and season', ['use_three_sigma', 'use_median', 'use_holt_winters', 'use_linear_regression',
    'use_seasonal', 'use_seasonal_mean', 'use_slow', 'season', 'ensemble', 'skyline_consensus']],
  ['Silence and standstill', ['stale', 'gap', 'flat', 'dropout', 'reset']],
  ['Limits and priority', ['learn_limit', 'priority']],
];
const REST = 'More';

// [title, fields] of each that has any; what no section names is in the last.
function grouped(fields) {
  const named = new Set(SECTIONS.flatMap(([, names]) => names));
  return [...SECTIONS.map(([title, names]) =>
    [title, names.map(name => fields.find(({option}) => option.name === name)).filter(Boolean)]),
  [REST, fields.filter(({option}) => !named.has(option.name))]].filter(([, within]) => within.length);
}

const isChanged = ({option}) => option.source === 'override';

// Opens the section that a field is in, and goes to it.
export function reveal({input}) {
  const section = input.closest('details');
  if (section) section.open = true;
  input.focus();
}

// The nodes for `fields`, those of tune.js. `opened` (title -> whether) is what the reader opened and closed before,
// and is kept up to date; the first section is open, and each in which something was changed.
export function sections(fields, opened) {
  const changed = fields.filter(isChanged);
  const summary = changed.length > 0 && el('p', {class: 'changed'}, 'Changed on the page: ',
    changed.map(field => [el('button', {type: 'button', onclick: () => reveal(field)},
      `${words(field.option.name)} ${field.initial}`), ' ']));
  return [summary, grouped(fields).map(([title, within], i) => {
    const count = within.filter(isChanged).length;
    return el('details', {class: 'section', open: opened.get(title) ?? (i === 0 || count > 0),
      ontoggle: ({currentTarget}) => opened.set(title, currentTarget.open)},
    el('summary', {}, el('span', {class: 'title'}, title),
      count > 0 && el('span', {class: 'label'}, `${count} changed`),
      el('span', {class: 'names'}, within.map(({option}) => words(option.name)).join(', '))),
    el('div', {class: 'fields', role: 'group', 'aria-label': title}, within.map(({node}) => node)));
  })];
}
