// Who was notified of an incident, and what became of each message.
import {el} from './dom.js';
import {time} from './format.js';

const KINDS = {open: 'opening', update: 'update', resolve: 'end'};
const HEADS = ['When', 'Alert', 'Channel', 'Of', 'Outcome'];

export function notifiedTable(receipts) {
  if (!receipts.length) return el('p', {class: 'facts'}, 'Nobody was notified.');
  return el('table', {class: 'notified'},
    el('caption', {}, 'Who was notified'),
    el('thead', {}, el('tr', {}, HEADS.map(head => el('th', {scope: 'col'}, head)))),
    el('tbody', {}, receipts.map(receiptRow)));
}

// What is told with other incidents says with which: there stands what else was told of them.
function receiptRow({at, alert, channel, kind, outcome, done_at: doneAt, reason, group}) {
  const isWell = outcome === 'delivered' || outcome === 'told with';
  return el('tr', {class: isWell ? undefined : 'undelivered'},
    el('td', {}, time(at)), el('td', {}, alert), el('td', {}, channel), el('td', {}, KINDS[kind] ?? kind),
    el('td', {class: 'outcome'}, outcome, doneAt !== null && [' ', time(doneAt)], reason && `: ${reason}`,
      group && [outcome === 'told with' ? ' ' : ', with ', el('a', {href: `#incident=${group}`}, 'its group')]));
}
