// What is to be learnt of an incident that is normal: a choice in plain words, each with what it would have changed.
import {tuneHash} from './address.js';
import {get} from './api.js';
import {previewOverride, sayOfIncident} from './changes.js';
import {el, replace, setText} from './dom.js';
import {number, words} from './format.js';
import {whenBack} from './live.js';
import {inWords} from './preview.js';

const ONCE = {change: '', title: 'Only this time', hint: 'The next like it opens as before.'};
const NOTED = 'Noted: no message tells of it any more, unless others join.';
const CLOSES = 'What is open closes once nothing was odd for as long as close_after says.';
const STATES = {stale: 'fell silent', gap: 'was silent', flat: 'stopped moving', dropout: 'fell to nothing',
  reset: 'began to count anew'};

const statesOf = options => Object.keys(options).filter(name => name in STATES).map(name => STATES[name]).join(', or ');

const TITLES = {
  strength: () => 'Nothing up to this strength',
  direction: ({options}) => `Only when it ${options.direction === 'down' ? 'falls' : 'rises'}`,
  change: ({options}, unit) => `Nothing less than ${number(options.min_change, 3)}${unit ? ` ${unit}` : ''} off`,
  state: ({options}) => `Not that it ${statesOf(options)}`,
};

// "score to open 50 → 83, stale yes → no"
const changeInWords = ({options, before}) => Object.entries(options)
  .map(([name, value]) => `${words(name)} ${before[name]} → ${value}`).join(', ');

// {node, confirm({by, ticket}), reload()} for the incident `id`: a fieldset, and what says what was chosen. confirm()
// returns what to tell the reader.
export function teaching(id) {
  const list = el('div'), about = el('p', {class: 'hint'});
  const node = el('fieldset', {class: 'teaching'}, el('legend', {}, 'What is to be learnt of it?'), list, about);
  const reload = () => offer(id, list, about);
  const confirm = async ({by, ticket}) => {
    const teach = node.querySelector('input:checked').value;
    await sayOfIncident({incident: id, kind: 'normal', by, ...(ticket && {ticket}), ...(teach && {teach})});
    return teach ? [`${NOTED} Saved: ${teach}, in force within two seconds. ${CLOSES} `,
      el('a', {href: tuneHash('')}, 'All overrides, to undo it')] : NOTED;
  };
  reload();
  return {node, confirm, reload};
}

async function offer(id, list, about) {
  const once = choiceRow(ONCE);
  once.input.checked = true;
  replace(list, once.node);
  try {
    const {match, choices, unit} = await get('/api/incident/normal', {id});
    const rows = choices.map(choice => choiceRow({...choice, title: TITLES[choice.choice](choice, unit),
      hint: `${changeInWords(choice)}. `}));
    list.append(...rows.map(row => row.node));
    replace(about, choices.length ? ['For ', el('span', {class: 'metric'}, match), ', and nothing else.']
      : [match ? 'No option tells it from what is not normal' : 'No glob is of its metrics alone', ': ',
        el('a', {href: tuneHash(match ?? '')}, 'tune'), ' as you see fit.']);
    previewAll(rows, match, choices);
  } catch (error) {
    replace(about, el('span', {class: 'error'}, error.message));
    whenBack(error, () => list.isConnected && offer(id, list, about));
  }
}

let choiceCount = 0;

function choiceRow({change, title, hint}) {
  const id = `choice-${choiceCount++}`;
  const input = el('input', {type: 'radio', name: 'teach', id, value: change, 'aria-describedby': `${id}-hint`});
  const preview = el('span');
  const node = el('div', {class: 'choice-row'}, input, el('label', {for: id}, title),
    el('p', {class: 'help', id: `${id}-hint`}, hint, preview));
  return {node, input, preview};
}

// One after the other: an operator reads them so, and others may be tuning.
async function previewAll(rows, match, choices) {
  const gone = new AbortController();
  addEventListener('hashchange', () => gone.abort(), {once: true});
  for (const [i, {options}] of choices.entries()) {
    const {preview, node} = rows[i];
    if (!node.isConnected) return;
    try {
      setText(preview, '…');
      const answer = await previewOverride({match, options}, gone.signal);
      setText(preview, inWords(answer));
    } catch (error) {
      if (gone.signal.aborted || !node.isConnected) return;
      setText(preview, `No preview: ${error.message}`);
    }
  }
}
