// How Ridgeline itself is doing: the strip, whether live updates work, and what to do while nothing arrives.
import {findHash} from './address.js';
import {byId, el, replace, setText} from './dom.js';
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
  tellSetup(health);
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

let setupFor; // the addresses that the set-up text names

function tellSetup(health) {
  const {settings, site_metrics: site} = health;
  const node = byId('setup');
  node.hidden = !settings || site !== 0;
  const key = JSON.stringify(settings);
  if (node.hidden || key === setupFor) return;
  setupFor = key;
  replace(node, setupText(...['carbon_line', 'carbon_pickle', 'statsd'].map(name => reachable(settings[name]))));
}

// An address to send to: one that stands for every interface is the host that served this page.
function reachable(address) {
  return address?.replace(/^(0\.0\.0\.0|\[::\]):/, `${location.hostname}:`) ?? null;
}

// "HOST:PORT" as its two parts, an IPv6 host without brackets.
function hostAndPort(address) {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), address.slice(colon + 1)];
}

function setupText(line, pickle, statsd) {
  const [host, port] = line ? hostAndPort(line) : [];
  const [statsdHost, statsdPort] = statsd ? hostAndPort(statsd) : [];
  return [
    el('h2', {}, 'Nothing has arrived yet'),
    line && step('Send one point by hand:', `echo "test.ridgeline 42 $(date +%s)" | nc -w 1 ${host} ${port}`),
    pickle && step('carbon-relay: one more destination, in carbon.conf and relay-rules.conf, beside your carbon-cache:',
      `# carbon.conf\n[relay]\nRELAY_METHOD = rules\nDESTINATIONS = 127.0.0.1:2004, ${pickle}\n\n# relay-rules.conf\n` +
      `[default]\ndefault = true\ndestinations = 127.0.0.1:2004, ${pickle}`),
    line && step('carbon-c-relay: one more cluster, before the matches that stop:',
      `cluster ridgeline\n    forward\n        ${line}\n    ;\nmatch *\n    send to ridgeline\n    ;`),
    statsd && step(`StatsD clients can send to ${statsd}, over UDP or TCP; or your StatsD repeats what it receives:`,
      `backends: ["./backends/graphite", "./backends/repeater"],\nrepeater: [{host: "${statsdHost}", port: ${statsdPort}}]`),
    !line && !pickle && !statsd && el('p', {},
      'Every listener is switched off: set horizon.carbon_line, horizon.carbon_pickle or statsd.listen in settings.conf.'),
  ];
}

const step = (what, text) => [el('p', {}, what), el('pre', {tabindex: 0}, text)];
