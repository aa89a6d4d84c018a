// How Ridgeline itself is doing: what to look at when nothing happens, the account of every point, who sends, and how
// each process keeps up.
import {SELF, checks} from './checks.js';
import {byId, el, replace} from './dom.js';
import {duration, lag, number, plural, shareText, time, words} from './format.js';
import {hear} from './live.js';

let latest;
let shown = false;

// What is selected, to be copied, is left alone until it is not any more.
function tell() {
  const node = byId('health');
  if (!shown || !latest || getSelection().toString() && node.contains(getSelection().anchorNode)) return;
  replace(node, el('h2', {}, 'Health'), checklist(latest),
    latest.redis.up ? figures(latest) : [lastKnown(latest), ownFigures(latest)]);
}

const figures = health => [
  account(health), sendersTable(health), rejections(health), el('div', {class: 'columns'}, facts(health)),
  workersTable(health), processesTable(health)];

// While Redis is away the others cannot tell of themselves.
function lastKnown({last_known: last, at}) {
  if (!last)
    return el('p', {class: 'none'}, 'Redis has not answered since this webapp was started: no figures are known.');
  return el('section', {class: 'stale', 'aria-labelledby': 'stale-title'},
    el('h3', {id: 'stale-title'}, `Stale: as last known, ${duration(at - last.at)} ago, at `, time(last.at)),
    figures(last));
}

function checklist(health) {
  const list = checks(health), at = list.findIndex(({ok}) => !ok);
  return el('section', {'aria-labelledby': 'checks-title'}, el('h3', {id: 'checks-title'}, 'When nothing happens'),
    el('ol', {class: 'checks'}, list.map((check, i) => checkRow(check, i === at))));
}

function checkRow({what, ok, says}, isFirst) {
  return el('li', {class: ok ? 'ok' : isFirst ? 'look' : 'not'},
    el('span', {class: 'mark'}, ok ? '✓ ok' : isFirst ? '▶ look here' : '✗ not ok'),
    el('strong', {}, what), el('span', {}, says));
}

// Received = accepted + rejected; accepted + taken over = stored + queued + spooled + dropped.
function account(health) {
  const {received, accepted, rejected, taken_over: takenOver, stored, queued, spooled, dropped, statsd,
    processes} = health;
  return section('Every point', el('div', {class: 'account'},
    el('p', {}, `${number(received)} received = ${number(accepted)} accepted + ${number(rejected)} rejected; `,
      `${number(accepted)} accepted ${takenOver ? `+ ${number(takenOver)} taken over from disk at the start ` : ''}= `,
      `${number(stored)} stored + ${number(queued)} queued + ${number(spooled)} spooled + `,
      `${number(dropped)} dropped.`),
    statsd.received > 0 && el('p', {}, `${number(statsd.received)} StatsD samples received = ` +
      `${number(statsd.accepted)} accepted + ${number(statsd.rejected)} rejected; `,
      'the points made of them are among those above.'),
    processes.filter(({counters}) => counters.gap_from_ms > 0).map(gap)));
}

function gap({name, counters}) {
  return el('p', {class: 'error'}, `${name} was killed: points received from `,
    time(counters.gap_from_ms / 1000), ' to ', time(counters.gap_until_ms / 1000), ' may be lost.');
}

const moment = seconds => (seconds > 0 ? time(seconds) : '–');
const rate = perSecond => (perSecond === null || perSecond === undefined ? '–' : `${number(perSecond, 3)}/s`);

function sendersTable({senders}) {
  return table('Senders', ['Sender', 'Listener', 'Rate', 'Received', 'Rejected', 'Last point', 'Last rejected line'],
    senders.map(s => [s.address === SELF ? 'Ridgeline itself' : s.address, words(s.listener), rate(s.per_second),
      `${number(s.received)}${s.unit === 'samples' ? ' samples' : ''}`, number(s.rejected), moment(s.last_ms / 1000),
      el('code', {}, s.last_rejected)]));
}

const positive = tally => Object.entries(tally ?? {}).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);

function rejections({rejections: points, statsd, listeners}) {
  const rows = tally => tally.map(([name, count]) => [words(name), number(count)]);
  return el('div', {class: 'columns'},
    table('Rejected, by reason', ['Reason', 'Points'], rows(positive(points))),
    statsd.rejected > 0 && table('StatsD samples rejected', ['Reason', 'Samples'], rows(positive(statsd.rejections))),
    table('Received, by listener', ['Listener', 'Points'], rows(Object.entries(listeners))));
}

const MIB = 1024 ** 2;
const bytes = count => (count === null || count === undefined ? '–'
  : count < 1024 * MIB ? `${number(count / MIB, 3)} MiB` : `${number(count / (1024 * MIB), 3)} GiB`);

const kind = ({processes}, name) => processes.filter(p => p.alive && p.name.replace(/@.*/, '') === name);
const sum = (processes, counter) => processes.reduce((total, {counters}) => total + (counters[counter] ?? 0), 0);
const highest = (processes, counter) => Math.max(0, ...processes.map(({counters}) => counters[counter] ?? 0));

const limitText = ({maxmemory_bytes: most, used_memory_bytes: used}) =>
  (most ? `${bytes(most)}, ${shareText(used / most)} used` : 'none');

const ownFigures = ({webapp: {name, counters}}) => el('div', {class: 'columns'}, list(`${name}, now`, [
  ['Requests', number(counters.requests)], ['Errors', number(counters.errors)],
  ['Live streams', number(counters.event_streams)], ['Refused by Redis', number(counters.redis_errors)]]));

function facts(health) {
  const {redis, queued, spooled, dropped} = health, horizons = kind(health, 'horizon');
  const roomba = kind(health, 'roomba').find(({counters}) => counters.leader) ?? kind(health, 'roomba')[0];
  const alerters = kind(health, 'alerter');
  return [
    list('Queue before Redis', [['Points', number(queued)], ['Memory', bytes(sum(horizons, 'queue_bytes'))],
      ['Dropped', number(dropped)], ['Sent again', number(sum(horizons, 'redis_resent'))],
      ['Reconnects', number(sum(horizons, 'redis_reconnects'))],
      ['Kernel dropped', plural(sum(horizons, 'udp_kernel_drops'), 'datagram')]]),
    list('Spool on disk', [['Points', number(spooled)], ['Disk', bytes(sum(horizons, 'spool_bytes'))],
      ['Oldest came', spooled ? `${duration(highest(horizons, 'spool_age_ms') / 1000)} ago` : '–'],
      ['Damaged', number(sum(horizons, 'spool_damaged'))], ['Errors', number(sum(horizons, 'spool_errors'))]]),
    list('Redis', [['Memory', bytes(redis.used_memory_bytes)], ['At most so far', bytes(redis.used_memory_peak_bytes)],
      ['Limit', limitText(redis)],
      ['When full', redis.maxmemory_policy === 'noeviction' ? 'refuses (noeviction)' : redis.maxmemory_policy]]),
    roomba && list('roomba', [
      ['Last walk', moment(roomba.counters.pass_at)], ['It took', duration(roomba.counters.pass_seconds)],
      ['Metrics folded', number(roomba.counters.folded)], ['Metrics trimmed', number(roomba.counters.trimmed)],
      ['Points cut', number(roomba.counters.points_cut)], ['Points too late', number(roomba.counters.points_late)],
      ['Metrics forgotten', number(roomba.counters.forgotten)], ['Errors', number(roomba.counters.errors)]]),
    alerters.length > 0 && list('alerter', [['Open incidents', number(sum(alerters, 'open_incidents'))],
      ['Opened', number(sum(alerters, 'opened'))], ['Closed', number(sum(alerters, 'closed'))],
      ['Events read', number(sum(alerters, 'events_read'))], ['Behind', lag(sum(alerters, 'behind_ms'))]]),
  ];
}

function workersTable({processes}) {
  const workers = processes.filter(({name}) => name.startsWith('analyzer.'));
  const heads = ['Worker', 'Metrics', 'Judged', 'Lag', 'Delay, median', 'Delay, 99 of 100', 'Warming up', 'Silent',
    'Open', 'Busy'];
  return table('Workers', heads, workers.filter(({alive}) => alive).map(({name, counters: c}) => [
    name, number(c.metrics), rate(c.judged_per_second), lag(c.lag_ms), lag(c.delay_median_ms), lag(c.delay_p99_ms),
    number(c.warming_up), number(c.stale), number(c.open_anomalies), shareText(c.busy_permille / 1000)]));
}

function processesTable({processes, at}) {
  return table('Processes', ['Process', 'State', 'Pid', 'Up for', 'Starts', 'Last heard'],
    processes.map(({name, alive, pid, started, generation, age_s: age}) => [
      name, alive ? 'runs' : el('span', {class: 'error'}, 'silent'), pid ? String(pid) : '–',
      started && alive ? duration(at - started) : '–', number(generation ?? null),
      alive ? 'now' : `${duration(age)} ago`]));
}

const section = (title, ...content) => el('section', {'aria-label': title}, el('h3', {}, title), content);

const list = (title, rows) => section(title, el('dl', {},
  rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value)))));

// The first column names its row. On a narrow screen the table itself scrolls, by keyboard too.
function table(title, heads, rows) {
  return section(title, rows.length ? el('div', {class: 'wide', tabindex: 0, role: 'region', 'aria-label': title},
    el('table', {}, el('thead', {}, el('tr', {}, heads.map(head => el('th', {scope: 'col'}, head)))),
      el('tbody', {}, rows.map(([name, ...cells]) => el('tr', {}, el('th', {scope: 'row'}, name),
        cells.map(cell => el('td', {}, cell)))))))
    : el('p', {class: 'none'}, 'None.'));
}

hear('status', health => {
  latest = health;
  tell();
});

export function show() {
  shown = true;
  tell();
}

export function hide() {
  shown = false;
}
