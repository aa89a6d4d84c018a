// What to look at when nothing happens: the way of a point, from its sender to the list of anomalies, in order. Each
// check is {what, ok, says}; the first that is not ok is where to look. Pure: health in, checks out.
import {clock, duration, lag, number, plural, shareText, words} from './format.js';

const RECENT_S = 120; // a sender flushes every 10 or 60 s
const LAG_MS = 5000;
const BEHIND_SHARE = 0.01; // of the metrics may be new to the workers at any time
const SILENT_SHARE = 0.2; // of the metrics: hosts come and go, and what went is kept for two weeks

export const SELF = 'self'; // the sender of Ridgeline's own figures
export const others = health => (health.senders ?? []).filter(({address}) => address !== SELF);

const alive = (health, name) =>
  (health.processes ?? []).filter(p => p.alive && new RegExp(`^${name}(@|$)`).test(p.name));
const sum = (processes, counter) => processes.reduce((total, {counters}) => total + (counters[counter] ?? 0), 0);

const CHECKS = [
  ['Redis answers', ({redis: {up, away_since: since}, at}) => ({ok: up,
    says: up ? 'yes' : `${since ? `not since ${clock(since)}, for ${duration(at - since)}; ` : ''}`
      + 'nothing can be stored or judged until it does'})],
  ['Listeners are open', h => {
    const horizons = alive(h, 'horizon'), down = sum(horizons, 'listeners_down');
    if (!horizons.length) return {ok: false, says: 'horizon does not run'};
    const failed = `${plural(down, 'listener')} could not be opened: the problem above names the address`;
    return {ok: !down, says: down ? failed : listenersOf(h)};
  }],
  ['Somebody sends', h => {
    const senders = others(h);
    if (!senders.length)
      return {ok: false, says: 'no sender but Ridgeline itself was seen: point a relay at one of the listeners'};
    const ago = h.at - Math.max(...senders.map(sender => sender.last_ms)) / 1000;
    return {ok: ago < RECENT_S, says: `${plural(senders.length, 'sender')}, the last point ${duration(ago)} ago`};
  }],
  ['Points are accepted', h => {
    const rejected = h.rejected + h.statsd.rejected, [reason, count] = topReason(h);
    if (!rejected) return {ok: h.accepted > 0, says: `${number(h.accepted)}, none rejected`};
    return {ok: h.accepted > rejected,
      says: `${number(h.accepted)}, but ${number(rejected)} rejected, ${number(count)} of these as ${words(reason)}`};
  }],
  ['Points are stored in Redis', h => ({
    ok: h.stored > 0 && !h.dropped && h.queued + h.spooled < Math.max(1000, 10 * (h.points_per_second ?? 0)),
    says: `${number(h.stored)} stored, ${number(h.queued)} wait in memory, ${number(h.spooled)} on disk, ` +
      `${number(h.dropped)} dropped`})],
  ['Workers know the metrics', h => {
    const missing = h.metrics - h.watched;
    if (!alive(h, 'analyzer').length) return {ok: false, says: 'analyzer does not run'};
    return {ok: h.watched > 0 && missing <= h.metrics * BEHIND_SHARE,
      says: `${number(h.watched)} of ${number(h.metrics)}`};
  }],
  ['Points are judged in time', h => ({ok: h.judged > 0 && h.lag_ms < LAG_MS,
    says: `${number(h.judged)} since the start, the latest ${lag(h.lag_ms)} late`})],
  ['Metrics have warmed up', h => ({ok: h.watched >= h.metrics / 2 && h.warming_up < h.watched / 2,
    says: `${number(h.warming_up)} of the ${number(h.watched)} watched still warm up: ` +
      'a metric is judged from its hundredth point on, and after an hour of data'})],
  ['Metrics still come', h => ({ok: h.stale < h.metrics * SILENT_SHARE,
    says: `${number(h.stale)} of ${number(h.metrics)} are silent for longer than their habit` +
      (h.stale ? ` (${shareText(h.stale / h.metrics)})` : '')})],
  ['Anomalies open', h => {
    const opened = sum((h.processes ?? []).filter(p => p.alive), 'opened');
    return {ok: true, says: h.open_anomalies ? `${number(h.open_anomalies)} now`
      : `none now, ${number(opened)} since the start: every metric that is judged behaves as it used to`};
  }],
  ['The budget lets them surface', ({open_anomalies: open, budget}) => {
    const hidden = budget?.candidates_open ?? 0;
    return {ok: !open || hidden < open, says: hidden
      ? `${number(hidden)} of ${number(open)} open ones lie below the surface score, ${number(budget.surface_score)}`
      : 'it hides none'};
  }],
];

const listenersOf = ({settings}) => ['carbon_line', 'carbon_udp', 'carbon_pickle', 'skyline_udp', 'statsd']
  .filter(name => settings?.[name]).map(name => `${words(name)} ${settings[name]}`).join(', ');

const topReason = ({rejections, statsd}) => [...Object.entries(rejections), ...Object.entries(statsd.rejections)]
  .reduce((top, entry) => (entry[1] > top[1] ? entry : top), ['', 0]);

// With Redis away nothing behind the first check is known.
export const checks = health => CHECKS.slice(0, health.redis.up ? undefined : 1)
  .map(([what, check]) => ({what, ...check(health)}));
