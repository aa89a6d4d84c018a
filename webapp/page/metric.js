// One metric, whatever its state: why it is, or is not, flagged now or at a moment, its
// charts, its anomalies within the history that they show, and its options.
import {metricHash, overviewHash} from './address.js';
import {get} from './api.js';
import {RANGES, charts, lastHour} from './chart.js';
import {append, byId, el, replace} from './dom.js';
import {duration, nowS, openSpan, time} from './format.js';
import {tuneForm} from './tune.js';
import {candidateLabel, findingsTable, scoreBadge, stateInWords} from './verdict.js';

const REFRESH_MS = 10_000;
const CONTEXT_S = 1800; // on both sides of a moment
const CLOSE_STEPS = 3;  // an anomaly stays open for this long at least
const UNKNOWN = 'no metric has this name'; // the API's sentence

// {name, at, why, history, anomalies, patience, whole}: what the view shows; undefined while it is hidden
let shown;

setInterval(() => {
  if (shown && shown.at === undefined && !document.hidden) explain(shown);
}, REFRESH_MS);

export function show(query) {
  const name = query.get('metric'), at = /^\d+$/.test(query.get('at') ?? '') ? Number(query.get('at')) : undefined;
  shown = {name, at, why: el('div', {class: 'explanation'}), history: el('ol', {class: 'history'}), anomalies: null};
  replace(byId('metric'),
    el('a', {class: 'back', href: overviewHash()}, '← Overview'),
    el('h2', {class: 'name', tabindex: -1}, name),
    shown.why);
  byId('metric').querySelector('h2').focus({preventScroll: true});
  explain(shown);
}

export function hide() {
  shown = undefined;
  replace(byId('metric'));
}

async function explain(view) {
  try {
    const answer = await get('/api/verdict', {metric: view.name, at: view.at});
    if (view !== shown) return;
    tellVerdict(view, answer);
    const closeAfter = answer.options.find(option => option.name === 'close_after').value;
    view.patience = Math.max(closeAfter, CLOSE_STEPS * (answer.resolution ?? 0));
  } catch (error) {
    if (view !== shown) return;
    replace(view.why, el('p', {class: 'error'}, error.message));
    if (error.message === UNKNOWN) return;
  }
  complete(view);
  tellHistory(view);
}

// What only a metric that exists has: charts, anomalies, options.
function complete(view) {
  if (view.whole) return;
  view.whole = true;
  const {name, at, history} = view;
  const closeUp = at === undefined ? lastHour
    : () => ({from: at - CONTEXT_S, until: at + CONTEXT_S, title: 'around the moment'});
  const range = RANGES.find(({seconds}) => (at ?? nowS()) - CONTEXT_S > nowS() - seconds);
  const drawn = charts(name, {
    closeUp,
    range,
    onPick: t => { location.hash = metricHash(name, t); },
    onSeries: ({anomalies}) => {
      view.anomalies = anomalies;
      tellHistory(view);
    },
  });
  const onChange = () => {
    if (view !== shown) return;
    explain(view);
    drawn.charts.load();
  };
  append(byId('metric'), [
    rangeChoice(drawn, range),
    drawn,
    el('p', {class: 'hint'}, 'Click a point to ask why it was, or was not, flagged. Drag to zoom, double click to zoom back.'),
    el('h3', {}, 'Anomalies within this history'),
    history,
    el('h3', {}, 'Tune'),
    tuneForm({metric: name}, onChange, answer => drawn.charts.preview(answer))]);
}

// How far back the wider chart reaches.
function rangeChoice(plots, chosen) {
  const options = RANGES.map((range, i) => el('option', {value: i, selected: range === chosen}, range.title));
  const choose = event => plots.charts.showRange(RANGES[event.target.value]);
  return el('p', {class: 'hint'},
    el('label', {for: 'range'}, 'History '), el('select', {id: 'range', onchange: choose}, options));
}

function tellVerdict({name, at, why}, {verdict, why: sentence}) {
  replace(why,
    el('p', {class: 'verdict'},
      el('span', {class: `state ${verdict.state}`}, stateInWords(verdict.state)), ' at ', time(verdict.t),
      verdict.state === 'WARMING_UP' ? null : [', score ', scoreBadge(verdict.score)],
      at === undefined ? null : el('a', {class: 'now', href: metricHash(name)}, 'What holds now')),
    el('p', {class: 'words'}, sentence),
    findingsTable(verdict.findings));
}

// Rows are written anew only when they changed: one of their links may have the focus. How long an open one
// lasts changes all the time.
function tellHistory({name, history, anomalies, patience}) {
  if (!anomalies) return;
  const rows = [...anomalies].sort((a, b) => b.start - a.start);
  const key = rows.map(({id, peak_at: peakAt, score, candidate}) => `${id} ${peakAt} ${score} ${candidate}`).join();
  if (history.dataset.key !== key) {
    history.dataset.key = key;
    replace(history, rows.length ? rows.map(anomaly => historyRow(name, anomaly)) : el('li', {class: 'none'}, 'None.'));
  }
  rows.forEach((anomaly, i) => replace(history.children[i].querySelector('.span'), spanInWords(anomaly, patience)));
}

const historyRow = (name, {score, peak_at: peakAt, candidate}) => el('li', {},
  scoreBadge(score), candidate && [candidateLabel(), ' '],
  el('span', {class: 'span'}), ' ', el('a', {href: metricHash(name, peakAt)}, 'peak at ', time(peakAt)));

function spanInWords(anomaly, patience) {
  const {state, start, end} = anomaly;
  if (state === 'open') return openSpan(anomaly, patience === undefined ? undefined : end + patience);
  return [time(start), ' to ', time(end), `, ${duration(end - start)}`];
}
