// One metric, whatever its state: why it is, or is not, flagged now or at a moment, its
// charts, its anomalies within the window, and its options.
import {get} from './api.js';
import {charts, lastHour} from './chart.js';
import {byId, el, replace} from './dom.js';
import {duration, time} from './format.js';
import {metricHash} from './list.js';
import {tuneForm} from './tune.js';
import {findingsTable, scoreBadge, stateInWords} from './verdict.js';

const REFRESH_MS = 10_000;
const CONTEXT_S = 1800; // on both sides of a moment

let shown; // {name, at, why}: what the view shows; undefined while it is hidden

setInterval(() => {
  if (shown && shown.at === undefined && !document.hidden) explain(shown);
}, REFRESH_MS);

export function showMetric(name, at) {
  const why = el('div', {class: 'explanation'});
  const history = el('ol', {class: 'history'});
  const closeUp = at === undefined ? lastHour
    : () => ({from: at - CONTEXT_S, until: at + CONTEXT_S, title: 'around the moment'});
  shown = {name, at, why};
  replace(byId('metric'),
    el('a', {class: 'back', href: '#'}, '← Anomalies'),
    el('h2', {class: 'name', tabindex: -1}, name),
    why,
    charts(name, {
      closeUp,
      onPick: t => { location.hash = metricHash(name, t); },
      onSeries: series => tellHistory(history, name, series),
    }),
    el('p', {class: 'hint'}, 'Click a point to ask why it was, or was not, flagged. Drag to zoom, double click to zoom back.'),
    el('h3', {}, 'Anomalies within the window'),
    history,
    el('h3', {}, 'Tune'),
    tuneForm({metric: name}));
  byId('metric').querySelector('h2').focus({preventScroll: true});
  explain(shown);
}

export function hideMetric() {
  shown = undefined;
  replace(byId('metric'));
}

export const metricShown = () => shown?.name;

async function explain(view) {
  try {
    const answer = await get('/api/verdict', {metric: view.name, at: view.at});
    if (view === shown) tellVerdict(view, answer);
  } catch (error) {
    if (view === shown) replace(view.why, el('p', {class: 'error'}, error.message));
  }
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

// Written anew only when it changed: one of its links may have the focus.
function tellHistory(list, name, {anomalies}) {
  const key = anomalies.map(({id, end}) => `${id} ${end}`).join();
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  const rows = [...anomalies].sort((a, b) => b.start - a.start).map(({start, end, peak_at: peakAt, score}) => el('li', {},
    scoreBadge(score), el('a', {href: metricHash(name, peakAt)}, time(start)), ` for ${duration(end - start)}`));
  replace(list, rows.length ? rows : el('li', {class: 'none'}, 'None.'));
}
