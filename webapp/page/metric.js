// One metric, whatever its state: why it is, or is not, flagged now or at a moment, its timeline, its anomalies within
// the range that this shows, and its options. The moment and the range are in the address:
// #metric=NAME&at=EPOCH&from=EPOCH&until=EPOCH, or from=-SECONDS for what follows the clock.
import {metricHash, overviewHash} from './address.js';
import {get} from './api.js';
import {append, byId, el, renew, replace, setName, setText} from './dom.js';
import {duration, nowS, number, time, utc, words} from './format.js';
import {whenBack} from './live.js';
import {muteInWords} from './mute.js';
import {SHOWN_AT_FIRST, Timeline} from './timeline.js';
import {tuneForm} from './tune.js';
import {candidateLabel, findingsTable, scoreBadge, stateInWords} from './verdict.js';

const REFRESH_MS = 10_000;
const PAUSE_MS = 120;   // while the moment changes nothing is asked for
const CONTEXT_S = 1800; // on both sides of a moment
const CLOSE_STEPS = 3;  // an anomaly stays open for this long at least
const UNKNOWN = 'no metric has this name'; // the API's sentence

// What the view shows, {name, at, range, why, graph, context, history, anomalies, patience, timeline}; undefined while
// it is hidden.
let shown;
let pause;

setInterval(() => {
  if (shown && shown.at === undefined && !document.hidden) explain(shown);
}, REFRESH_MS);

const whole = text => (/^-?\d{1,10}$/.test(text ?? '') ? Number(text) : undefined);

export function show(query) {
  hide();
  const at = whole(query.get('at'));
  shown = {name: query.get('metric'), at, range: rangeOf(whole(query.get('from')), whole(query.get('until')), at),
    why: el('div', {class: 'explanation'}), graph: el('p', {class: 'graph', hidden: true}),
    context: el('div', {class: 'context'}), history: el('ol', {class: 'history'}), anomalies: null};
  const title = el('h2', {class: 'name', tabindex: -1});
  setName(title, shown.name);
  replace(byId('metric'),
    el('a', {class: 'back', href: overviewHash()}, '← Overview'),
    title, shown.graph, shown.context, shown.why);
  title.focus({preventScroll: true});
  explain(shown);
}

export function hide() {
  clearTimeout(pause);
  shown?.timeline?.destroy();
  shown = undefined;
  replace(byId('metric'));
}

// The range that an address names: as it says, or around the moment.
function rangeOf(from, until, at) {
  if (from < 0) return {last: -from};
  if (from < until) return {from, until};
  return at === undefined ? SHOWN_AT_FIRST : {from: at - CONTEXT_S, until: at + CONTEXT_S};
}

// Writes the moment and the range into the address, without a step in the browser's history for each.
function tellAddress({name, at, range}) {
  const span = range.last ? {from: -range.last} : {from: range.from, until: range.until};
  const parts = {metric: name, ...(at !== undefined && {at}), ...span};
  history.replaceState(null, '', `#${new URLSearchParams(parts)}`);
}

// How far this browser's clock is east of UTC at a moment.
const utcOffset = at => -60 * new Date((at ?? nowS()) * 1000).getTimezoneOffset();

async function explain(view) {
  const {name, at} = view;
  try {
    const answer = await get('/api/verdict', {metric: name, at, utc_offset: utcOffset(at)});
    if (view !== shown || at !== view.at) return;
    tellVerdict(view, answer);
    const closeAfter = answer.options.find(option => option.name === 'close_after').value;
    view.patience = Math.max(closeAfter, CLOSE_STEPS * (answer.reconstructed ? 0 : answer.resolution_s ?? 0));
  } catch (error) {
    if (view !== shown || at !== view.at) return;
    replace(view.why, el('p', {class: 'error', role: 'alert'}, error.message), nowLink(view));
    whenBack(error, () => view === shown && at === view.at && explain(view));
    if (error.message === UNKNOWN) return;
  }
  complete(view);
  tellHistory(view);
}

// What only a metric that exists has: its timeline, anomalies, options.
function complete(view) {
  if (view.timeline) return;
  const {name, at, range, history: rows} = view;
  view.timeline = new Timeline(name, {
    range,
    at,
    onRange: chosen => {
      view.range = chosen;
      tellAddress(view);
    },
    onMoment: t => {
      view.at = t;
      tellAddress(view);
      clearTimeout(pause);
      pause = setTimeout(() => view === shown && explain(view), PAUSE_MS);
    },
    onSeries: series => {
      view.anomalies = series.anomalies;
      tellGraph(view, series.graph_url);
      tellContext(view, series);
      tellHistory(view);
    },
  });
  const onChange = () => {
    if (view !== shown) return;
    explain(view);
    view.timeline.load();
  };
  append(byId('metric'), [
    view.timeline.node,
    el('h3', {}, 'Anomalies in this range'),
    rows,
    el('h3', {}, 'Tune'),
    tuneForm({metric: name}, onChange, answer => view.timeline.preview(answer))]);
}

// What rules say of the metric, and what people did in this range.
function tellContext({context}, {marks, about}) {
  renew(context, {marks, ...about}, contextInWords); // its link may have the focus
}

function contextInWords({marks, unit, owner, description, runbook, ...about}) {
  const facts = [unit && `in ${unit}`, limitInWords(about), owner && `owner: ${owner}`].filter(Boolean).join('; ');
  return [
    (description || facts || runbook) && el('p', {}, [description, facts].filter(Boolean).join(' — '), ' ',
      runbook && el('a', {href: runbook, target: '_blank', rel: 'noopener noreferrer'}, 'Runbook ↗')),
    marks.map(({at, text}) => el('p', {class: 'marked'}, time(at), ` ${text}`))];
}

// A learned limit must not look as if somebody had given it.
function limitInWords({limit, limit_by: by, limit_times: times, limit_since: since}) {
  if (by === null) return '';
  if (by === 'rule' || by === 'unit') return `limit ${limit}`;
  const value = by === 'stood' ? limit : Number(limit.toPrecision(3)); // where it turned back is not that exact
  return `learned limit ${number(value, 6)} (reached ${times} times since ${utc(since).slice(0, 10)})`;
}

function tellGraph({graph}, url) {
  graph.hidden = !url;
  if (!url) return;
  if (!graph.firstChild)
    graph.append(el('a', {target: '_blank', rel: 'noopener noreferrer'}, 'Your own graph of this range ↗'));
  graph.firstChild.setAttribute('href', url);
}

const nowLink = ({name, at}) => at !== undefined && el('a', {class: 'now', href: metricHash(name)}, 'What holds now');

// The parts stay while what they say changes: the summary may have the focus, and a sentence that still holds is not
// read out again.
function verdictParts() {
  const table = el('div');
  return {table, head: el('p', {class: 'verdict'}), said: el('p', {class: 'words', 'aria-live': 'polite'}),
    ahead: el('p', {class: 'words forecast'}), muted: el('p', {class: 'words mute'}),
    details: el('details', {}, el('summary', {}, 'What each detector found'), table)};
}

function tellVerdict(view, {verdict, why: sentence, forecast, mute}) {
  const {head, said, ahead, muted, details, table} = view.parts ??= verdictParts();
  if (!head.isConnected) replace(view.why, head, said, muted, ahead, details);
  replace(head,
    el('span', {class: `state ${verdict.state}`}, stateInWords(verdict.state)), ' at ', time(verdict.t),
    verdict.state === 'WARMING_UP' ? null : [', score ', scoreBadge(verdict.score)],
    nowLink(view));
  setText(said, words(sentence));
  muted.hidden = !mute || view.at !== undefined; // what held at a moment the sentence tells
  renew(muted, mute, () => mute && muteInWords(mute));
  ahead.hidden = !forecast;
  setText(ahead, forecast ? forecastInWords(forecast) : '');
  replace(table, findingsTable(verdict.findings));
}

function forecastInWords({note, unit, value, slope_a_day: slope}) {
  const within = unit ? ` ${unit}` : '';
  return `Forecast: it ${note}; now at ${number(value)}${within}, changing by ${number(slope, 3)}${within} a day.`;
}

// Rows are written anew only when they changed: one of their links may have the focus. How long an open one
// lasts changes all the time.
function tellHistory({name, history: list, anomalies, patience}) {
  if (!anomalies) return;
  const rows = [...anomalies].sort((a, b) => b.start - a.start);
  const key = rows.map(({id, peak_at: peakAt, score, candidate}) => `${id} ${peakAt} ${score} ${candidate}`).join();
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    replace(list, rows.length ? rows.map(anomaly => historyRow(name, anomaly)) : el('li', {class: 'none'}, 'None.'));
  }
  rows.forEach((anomaly, i) => replace(list.children[i].querySelector('.span'), spanInWords(anomaly, patience)));
}

const historyRow = (name, {score, peak_at: peakAt, candidate}) => el('li', {},
  scoreBadge(score), candidate && [candidateLabel(), ' '],
  el('span', {class: 'span'}), ' ', el('a', {href: metricHash(name, peakAt)}, 'peak at ', time(peakAt)));

// Since when an open one is. Where it is not known when it `closes`, that is left out.
const openSpan = ({start, end}, closes) => [
  'open since ', time(start), `, ${duration(nowS() - start)}; last anomalous at `, time(end),
  closes !== undefined && ['; closes at ', time(closes), ' if it stays quiet']];

function spanInWords(anomaly, patience) {
  const {state, start, end} = anomaly;
  if (state === 'open') return openSpan(anomaly, patience === undefined ? undefined : end + patience);
  return [time(start), ' to ', time(end), `, ${duration(end - start)}`];
}
