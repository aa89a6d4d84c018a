// Who sees to an incident, and what people said of it: buttons, a note, and the list of what was said.
import {literal, tuneHash} from './address.js';
import {sayOfIncident} from './changes.js';
import {el, renew, replace, setText} from './dom.js';
import {time} from './format.js';
import {teaching} from './normal.js';

const BY = 'ridgeline.by'; // the name that this browser's reader gave last

const SAID = {ack: 'sees to it', unack: 'no longer sees to it', normal: 'finds it normal', note: 'notes'};

export const remembered = () => localStorage.getItem(BY) ?? '';

// A field for the reader's name, which is remembered.
export function byField() {
  return el('input', {name: 'by', 'aria-label': 'Your name', placeholder: 'your name', maxlength: 40,
    value: remembered(), autocomplete: 'name', onchange: ({target}) => localStorage.setItem(BY, target.value.trim())});
}

// {node, tell(incident)} for the incident `id`. What is said shows when the incident's next news come.
export function desk(id) {
  const by = byField();
  const text = el('input', {name: 'text', 'aria-label': 'Note', placeholder: 'a note', maxlength: 1000});
  const state = el('p', {class: 'facts'}), said = el('p', {class: 'said', role: 'status'});
  const panel = el('div'), entries = el('div');
  let busy = false;
  // Returns whether it was done; who presses twice says it once.
  const attempt = async (act, onError) => {
    if (busy) return false;
    busy = true;
    setText(said, '');
    try {
      replace(said, await act());
      return true;
    } catch (error) {
      setText(said, error.message);
      onError?.(error);
      return false;
    } finally {
      busy = false;
    }
  };
  const say = kind => attempt(async () => {
    await sayOfIncident({incident: id, kind, by: by.value.trim(), text: kind === 'note' ? text.value.trim() : ''});
    if (kind === 'note') text.value = '';
    return 'Said.';
  });
  const button = (kind, words, act = () => say(kind)) =>
    el('button', {type: 'button', name: kind, onclick: act}, words);
  const ack = button('ack', 'I see to it'), unack = button('unack', 'Give it back');
  const normal = button('normal', 'This is normal', () => askWhatToLearn(id, panel, normal, attempt, by));
  const note = el('button', {name: 'note'}, 'Add note');
  const node = el('form', {class: 'tending', 'aria-label': 'Who sees to it', onsubmit: event => {
    event.preventDefault();
    if (text.value.trim()) say('note');
  }}, state, el('div', {class: 'actions'}, by, ack, unack, normal, text, note, said), panel, entries);
  const tell = incident => {
    const learnt = incident.desk.some(entry => entry.kind === 'normal' && entry.text);
    const open = incident.state === 'open', {metric} = incident.first;
    renew(state, {ack: incident.ack, open, metric, learnt}, stateInWords);
    const given = incident.ack, pressed = [ack, unack, normal].find(one => one === document.activeElement);
    ack.hidden = Boolean(given);
    unack.hidden = !given;
    normal.hidden = Boolean(given?.normal);
    if (pressed?.hidden) (given ? unack : ack).focus(); // else the keyboard would begin at the top again
    renew(entries, incident.desk, entriesList);
  };
  return {node, tell};
}

// Who has it: "Ada sees to it since 14:03:20. "
export const whoHasIt = ({by, at, normal}) =>
  [`${by || 'Somebody'} ${normal ? 'finds it normal' : 'sees to it'} since `, time(at), '. '];

function stateInWords({ack, open, metric, learnt}) {
  if (!ack) return open && 'Nobody sees to it yet.';
  return [whoHasIt(ack), ack.normal && el('a', {href: tuneHash(literal(metric))},
      learnt ? 'Tune it further' : 'Tune it, so that it does not open again')];
}

// Opens the choices below the buttons; `by` is the field of the name.
function askWhatToLearn(id, panel, opener, attempt, by) {
  const choices = teaching(id);
  const close = () => {
    replace(panel);
    (opener.hidden ? by : opener).focus();
  };
  const confirm = async () => {
    const outOfDate = ({status}) => status === 409 && choices.reload();
    if (await attempt(() => choices.confirm({by: by.value.trim()}), outOfDate)) close();
  };
  replace(panel, choices.node, el('div', {class: 'actions'},
    el('button', {type: 'button', class: 'primary', name: 'confirm', onclick: confirm}, 'This is normal'),
    el('button', {type: 'button', name: 'cancel', onclick: close}, 'Cancel')));
  choices.node.querySelector('input').focus();
}

// What people said of it, the oldest first.
export const entriesList = entries => el('ol', {class: 'entries'}, entries.map(entryRow));

const entryRow = ({by, kind, text, at}) => el('li', {}, time(at), ' ', el('b', {}, by || 'somebody'), ` ${SAID[kind]}`,
  text && [': ', el('span', {class: 'text'}, text)]);
