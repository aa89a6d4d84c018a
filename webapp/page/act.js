// Where a message's link leads: asks before it does anything, so that nothing is done by who merely follows links.
import {incidentHash, overviewHash} from './address.js';
import {get} from './api.js';
import {sayOfIncident} from './changes.js';
import {byField} from './desk.js';
import {byId, el, replace, setText} from './dom.js';
import {nowS, plural, time} from './format.js';
import {whenBack} from './live.js';
import {teaching} from './normal.js';
import {whenInWords} from './rows.js';

const ACTS = {
  ack: ['Do you see to this incident?', 'I see to it',
    'Noted: it is not repeated while you see to it. Metrics that join, and its end, are told.'],
  normal: ['Is this normal?', 'This is normal'],
};

let shown; // the query of the address; undefined while the view is hidden

export async function show(query) {
  shown = query;
  const [question] = ACTS[query.get('act')] ?? [];
  replace(byId('act'), el('a', {class: 'back', href: overviewHash()}, '← Overview'),
    el('h2', {tabindex: -1}, question ?? 'This link says nothing that is known here.'));
  byId('act').querySelector('h2').focus({preventScroll: true});
  if (!question) return;
  try {
    const incident = await get('/api/incident', {id: query.get('incident') ?? ''});
    if (query === shown) ask(query, incident);
  } catch (error) {
    if (query !== shown) return;
    byId('act').append(el('p', {class: 'error'}, error.message));
    whenBack(error, () => query === shown && show(query));
  }
}

export function hide() {
  shown = undefined;
  replace(byId('act'));
}

function ask(query, incident) {
  const until = Number(query.get('until')), act = query.get('act'), [, words, thanks] = ACTS[act];
  const name = el('a', {class: 'metric', href: incidentHash(incident.id)}, incident.title);
  const what = el('p', {class: 'facts'}, name, ' ', whenInWords(incident));
  if (until < nowS()) {
    byId('act').append(what, el('p', {class: 'error'}, 'This link has expired: open the incident.'));
    return;
  }
  const all = incident.metrics > 1 && el('p', {class: 'hint'}, 'This is said of the whole incident, all ',
    plural(incident.metrics, 'metric'), ' of it, whichever of them the message is about.');
  const by = byField(), said = el('p', {class: 'said', role: 'status'});
  const choices = act === 'normal' && teaching(incident.id);
  const confirm = el('button', {class: 'primary', name: 'confirm'}, words);
  const ticket = {to: query.get('to'), until, sig: query.get('sig')};
  const say = async () => {
    if (choices) return choices.confirm({by: by.value.trim(), ticket});
    await sayOfIncident({incident: incident.id, kind: act, by: by.value.trim(), ticket});
    return thanks;
  };
  const form = el('form', {class: 'tending', onsubmit: async event => {
    event.preventDefault();
    confirm.disabled = true;
    try {
      replace(said, await say());
    } catch (error) {
      setText(said, error.message);
      confirm.disabled = false;
      if (error.status === 409) choices.reload();
    }
  }}, choices && choices.node, el('div', {class: 'actions'}, by, confirm, said));
  const holds = el('p', {class: 'hint'}, 'The link holds until ', time(until), '.');
  byId('act').append(what, ...(all ? [all] : []), form, holds);
  by.focus();
}
