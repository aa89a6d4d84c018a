// How Ridgeline itself is doing: the strip, and whether live updates work.
import {findHash} from './address.js';
import {byId, el, setText} from './dom.js';
import {clock, lag, nowS, number, timeZone} from './format.js';

const LAG_WARN_MS = 5000;
const HEALTH = '#health=';

const others = health => health.senders.filter(({address}) => address !== 'self');

// The strip: name, text from the health, the view that tells more, and whether that is a reason to look.
const FACTS = [
  ['senders', h => number(h.senders && others(h).length), HEALTH],
  ['points/s', h => number(h.points_per_second === null ? null : Number(h.points_per_second?.toFixed(1))), HEALTH],
  ['metrics', h => number(h.metrics), findHash('')],
  ['warming up', h => number(h.warming_up), findHash('', 'WARMING_UP')],
  ['silent', h => number(h.stale), findHash('', 'STALE')],
  ['lag', h => lag(h.lag_ms), HEALTH, h => h.lag_ms > LAG_WARN_MS],
  ['rejected', h => number(h.statsd ? h.rejected + h.statsd.rejected : h.rejected), HEALTH],
  ['queued', h => number(h.queued), HEALTH],
  ['dropped', h => number(h.dropped), HEALTH, h => h.dropped > 0],
];

const values = FACTS.map(([name, , href]) => el('a', {href, 'aria-label': `– ${name}`}, '–'));
byId('strip').append(...FACTS.map(([name], i) => el('div', {}, el('dt', {}, name), el('dd', {}, values[i]))),
  el('div', {class: 'zone', title: 'point at a time for UTC'}, el('dt', {}, 'times in'), el('dd', {}, timeZone())));

let latest; // health as last told
let heardAt = nowS();

export function tell(health) {
  latest = health;
  heardAt = nowS();
  FACTS.forEach(([name, text, , warns], i) => {
    setText(values[i], text(health));
    values[i].ariaLabel = `${values[i].textContent} ${name}`;
    values[i].closest('div').className = warns?.(health) ? 'warn' : '';
  });
  trouble(health.problems?.join('. ') ?? '');
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

// The workers count those of the metrics that they have taken up: just after a start, few.
function unjudged(warming, watched, metrics) {
  const young = warming && `${number(warming)} of ${number(watched)} watched metrics are still warming up`;
  const unknown = watched < metrics && `${number(metrics - watched)} of ${number(metrics)} are not watched yet`;
  return [young, unknown].filter(Boolean).join(', ');
}

// Says that all is well only where that is known.
function whyNone({status, metrics, watched, site_metrics: site, warming_up: warming, budget}) {
  if (budget?.candidates_open) return ` reaches the surface score, ${number(budget.surface_score)}.`;
  if (site === 0) return `: no metric${metrics ? " but Ridgeline's own" : ''} has arrived yet.`;
  if (warming || watched < metrics) return `. ${unjudged(warming, watched, metrics)}.`;
  return status === 'ok' && metrics && watched >= metrics ? ': every metric behaves as it used to.' : '.';
}
