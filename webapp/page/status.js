// How Ridgeline itself is doing: the strip, the account of every point, and whether live updates work.
import {byId, el, replace, setText} from './dom.js';
import {clock, duration, nowS, number, time, timeZone, words} from './format.js';

const LAG_WARN_MS = 5000;
const SELF = 'self'; // the sender of Ridgeline's own figures

const others = health => health.senders.filter(sender => sender.address !== SELF);

// The strip: name, text from the health, and whether that is a reason to look.
const FACTS = [
  ['senders', h => number(h.senders && others(h).length)],
  ['points/s', h => number(h.points_per_second === null ? null : Number(h.points_per_second?.toFixed(1)))],
  ['metrics', h => number(h.metrics)],
  ['warming up', h => number(h.warming_up)],
  ['silent', h => number(h.stale)],
  ['lag', h => lag(h.lag_ms), h => h.lag_ms > LAG_WARN_MS],
  ['rejected', h => number(h.statsd ? h.rejected + h.statsd.rejected : h.rejected)],
  ['queued', h => number(h.queued)],
  ['dropped', h => number(h.dropped), h => h.dropped > 0],
];

const values = FACTS.map(() => el('dd', {}, '–'));
byId('strip').append(...FACTS.map(([name], i) => el('div', {}, el('dt', {}, name), values[i])),
  el('div', {class: 'zone', title: 'point at a time for UTC'}, el('dt', {}, 'times in'), el('dd', {}, timeZone())));

const accountButton = byId('account-button');
accountButton.addEventListener('click', () => {
  const open = byId('account').hidden;
  byId('account').hidden = !open;
  accountButton.setAttribute('aria-expanded', String(open));
  if (open && latest) tellAccount(latest);
});

let latest; // health as last told
let heardAt = nowS();

export function tell(health) {
  latest = health;
  heardAt = nowS();
  FACTS.forEach(([, text, warns], i) => {
    setText(values[i], text(health));
    values[i].parentElement.className = warns?.(health) ? 'warn' : '';
  });
  trouble(health.problems?.join('. ') ?? '');
  if (!byId('account').hidden) tellAccount(health);
  tellNone();
}

export function tellLive(live) {
  const text = live ? 'live' : `stale since ${clock(heardAt)}`;
  byId('live').dataset.state = live ? 'live' : 'stale';
  setText(byId('live'), text);
}

export function trouble(sentence) {
  byId('trouble').hidden = !sentence;
  setText(byId('trouble'), sentence);
}

let open = 0;

// How many anomalies are open.
export function tellOpen(count) {
  open = count;
  tellNone();
}

// What stands in place of an empty list of open anomalies.
function tellNone() {
  const node = byId('open-none');
  node.hidden = open > 0;
  setText(node, known() ? `None${whyNone(latest)}` : `Not known${latest ? ' while Redis does not answer' : ' yet'}.`);
}

const known = () => latest !== undefined && latest.status !== 'down';

// Says that all is well only where that is known.
function whyNone({status, metrics, watched, site_metrics: site, warming_up: warming, budget}) {
  if (budget?.candidates_open) return ` reaches the surface score, ${number(budget.surface_score)}.`;
  if (site === 0) return `: no metric${metrics ? " but Ridgeline's own" : ''} has arrived yet.`;
  if (warming) return `. ${number(warming)} of ${number(metrics)} metrics are still warming up.`;
  return status === 'ok' && metrics && watched >= metrics ? ': every metric behaves as it used to.' : '.';
}

function lag(ms) {
  if (ms === undefined || ms === null) return '–';
  return ms < 1000 ? `${number(ms)} ms` : duration(ms / 1000);
}

// Received = accepted + rejected; accepted = stored + queued + dropped.
function tellAccount(health) {
  const {received, accepted, rejected, stored, queued, dropped, rejections, listeners, senders, processes} = health;
  const {statsd} = health;
  replace(byId('account'),
    el('p', {}, `${number(received)} received = ${number(accepted)} accepted + ${number(rejected)} rejected; `,
      `${number(accepted)} accepted = ${number(stored)} stored + ${number(queued)} queued + ${number(dropped)} dropped.`),
    (processes ?? []).filter(({counters}) => counters.gap_from_ms > 0).map(gap),
    statsd?.received > 0 && el('p', {}, `${number(statsd.received)} StatsD samples received = ` +
      `${number(statsd.accepted)} accepted + ${number(statsd.rejected)} rejected; `,
      'the points made of them are among those above.'),
    counts('Rejected, by reason', positive(rejections)),
    statsd?.rejected > 0 && counts('StatsD samples rejected, by reason', positive(statsd.rejections)),
    counts('Received, by listener', Object.entries(listeners ?? {})),
    sendersTable(senders ?? []));
}

const positive = tally => Object.entries(tally ?? {}).filter(([, count]) => count > 0);

function gap({name, counters}) {
  return el('p', {class: 'error'}, `${name} was killed: points received from `, time(counters.gap_from_ms / 1000), ' to ',
    time(counters.gap_until_ms / 1000), ' may be lost.');
}

function counts(caption, entries) {
  return el('table', {}, el('caption', {}, caption), el('tbody', {}, entries.length
    ? entries.map(([name, count]) => el('tr', {}, el('th', {scope: 'row'}, words(name)), el('td', {}, number(count))))
    : el('tr', {}, el('td', {class: 'none'}, 'none'))));
}

function sendersTable(senders) {
  const heads = ['Sender', 'Listener', 'Received', 'Rejected', 'Last point', 'Last rejection'];
  return el('table', {}, el('caption', {}, 'Senders'),
    el('thead', {}, el('tr', {}, heads.map(head => el('th', {scope: 'col'}, head)))),
    el('tbody', {}, senders.map(sender => el('tr', {}, el('th', {scope: 'row'}, sender.address),
      el('td', {}, words(sender.listener)),
      el('td', {}, number(sender.received), sender.unit === 'samples' && ' samples'),
      el('td', {}, number(sender.rejected)),
      el('td', {}, sender.last_ms ? time(sender.last_ms / 1000) : '–'), el('td', {class: 'sample'}, sender.last_rejected)))));
}
