// Where a message's link leads: asks before it does anything, so that nothing is done by who merely follows links. What
// was answered already stands in place of the question, whoever comes, and as often as they do.
import {incidentHash, overviewHash} from './address.js';
import {get} from './api.js';
import {sayOfIncident} from './changes.js';
import {whoHasIt, byField, entriesList} from './desk.js';
import {byId, el, renew, replace, setName, setText} from './dom.js';
import {nowS, plural, time} from './format.js';
import {hear, whenBack} from './live.js';
import {teaching} from './normal.js';
import {whenInWords} from './rows.js';

const ACTS = {
  ack: ['Do you see to this incident?', 'I see to it',
    'Noted: it is not repeated while you see to it. Metrics that join, and its end, are told.'],
  normal: ['Is this normal?', 'This is normal'],
};

// {query, act, what, told, asked, said, form, sent}: the nodes of the incident, of what was answered so far, of the
// question, and of what came of the reader's own answer; `form` while there is one; whether it was answered here.
// Undefined while the view is hidden.
let shown;

hear('incident', ({incident}) => {
  if (incident.id === shown?.query.get('incident')) load(shown);
});

export function show(query) {
  const act = query.get('act'), [question] = ACTS[act] ?? [];
  shown = {query, act, what: el('p', {class: 'facts'}), told: el('div'), asked: el('div'),
    said: el('p', {class: 'said', role: 'status'})};
  const title = el('h2', {tabindex: -1}, question ?? 'This link says nothing that is known here.');
  replace(byId('act'), el('a', {class: 'back', href: overviewHash()}, '← Overview'), title,
    shown.what, shown.told, shown.asked, shown.said);
  title.focus({preventScroll: true});
  if (question) load(shown);
}

export function hide() {
  shown = undefined;
  replace(byId('act'));
}

async function load(view) {
  try {
    const incident = await get('/api/incident', {id: view.query.get('incident') ?? ''});
    if (view === shown) tell(view, incident);
  } catch (error) {
    if (view !== shown) return;
    if (!view.form) renew(view.asked, error.message, complaint);
    whenBack(error, () => view === shown && load(view));
  }
}

const complaint = sentence => el('p', {class: 'error'}, sentence);

// News leave the form alone while it can still be answered.
function tell(view, incident) {
  const {ack, desk} = incident, answered = view.act === 'normal' ? ack?.normal : ack;
  const name = el('a', {class: 'metric', href: incidentHash(incident.id)});
  setName(name, incident.title);
  replace(view.what, name, ' ', whenInWords(incident));
  renew(view.told, {ack, desk}, () => [ack && el('p', {class: 'facts'}, whoHasIt(ack)), entriesList(desk)]);
  if (answered) tellAnswered(view, incident);
  else if (Number(view.query.get('until')) < nowS())
    renew(view.asked, 'This link has expired: open the incident.', complaint);
  else if (!view.form) ask(view, incident);
}

function tellAnswered(view, {id}) {
  const {activeElement: focused} = document; // a button that is disabled has lost it
  const hadFocus = view.asked.contains(focused) || (view.sent && focused === document.body);
  view.form = undefined;
  renew(view.asked, id, () => el('p', {}, el('a', {href: incidentHash(id)}, 'Open the incident'),
    ' to say more of it, or to take this back.'));
  if (hadFocus && !view.asked.contains(document.activeElement)) byId('act').querySelector('h2').focus();
}

function ask(view, incident) {
  const {query, act} = view, until = Number(query.get('until')), [, words, thanks] = ACTS[act];
  const by = byField(), {said} = view;
  const all = incident.metrics > 1 && el('p', {class: 'hint'}, 'This is said of the whole incident, all ',
    plural(incident.metrics, 'metric'), ' of it, whichever of them the message is about.');
  const choices = act === 'normal' && teaching(incident.id);
  const confirm = el('button', {class: 'primary', name: 'confirm'}, words);
  const ticket = {to: query.get('to'), until, sig: query.get('sig')};
  const say = async () => {
    if (choices) return choices.confirm({by: by.value.trim(), ticket});
    await sayOfIncident({incident: incident.id, kind: act, by: by.value.trim(), ticket});
    return thanks;
  };
  view.form = el('form', {class: 'tending', onsubmit: async event => {
    event.preventDefault();
    confirm.disabled = view.sent = true;
    try {
      replace(said, await say());
    } catch (error) {
      setText(said, error.message);
      confirm.disabled = false;
      if (error.status === 409) choices.reload();
    }
  }}, choices && choices.node, el('div', {class: 'actions'}, by, confirm));
  const holds = el('p', {class: 'hint'}, 'The link holds until ', time(until), '.');
  renew(view.asked, {until}, () => [all, view.form, holds]);
  by.focus();
}
