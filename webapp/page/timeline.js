// One metric over any part of what is kept: value, expectation and band, extremes of what is rolled up, anomalous
// spans, the same hours of yesterday and of last week as ghosts, and a lane for each detector. What is shown is asked
// for at once, at the finest resolution that is left of it and a screen can show; until the answer is there, what is
// known is drawn at the new scale. A range is {from, until}, or {last: seconds}, which follows the clock.
import './dygraphs.js';
import {get} from './api.js';
import {DetectorLanes} from './detectors.js';
import {el, setText} from './dom.js';
import {clock, duration, nowS, number} from './format.js';
import {listenTo} from './gestures.js';
import {whenBack} from './live.js';
import {meanWidth} from './means.js';
import {lineColours, lineOptions, onColours, paintGhost, paintSeries, palette, shortNumber} from './paint.js';
import {boundsOf, extend, hasClosed, lineRuns, previewed, rowsOf, thinned, valueRange} from './plot.js';

const REFRESH_MS = 10_000;
const RELOAD_S = 3600; // all of a followed range anew: what has left it, and points that came late
const PAUSE_MS = 150;  // while the range changes nothing is asked for
const NARROWEST_S = 60;
const HOUR_S = 3600, DAY_S = 86400;
const RANGES = [[HOUR_S, '1 h'], [6 * HOUR_S, '6 h'], [DAY_S, '1 d'], [3 * DAY_S, '3 d'], [14 * DAY_S, '14 d']];
const GHOSTS = [
  {title: 'Yesterday', ago: DAY_S, colour: 'yesterday'},
  {title: 'Last week', ago: 7 * DAY_S, colour: 'last-week'},
];

const columns = () => Math.min(innerWidth, 8192); // more than the API takes has a page that is zoomed far out

export const SHOWN_AT_FIRST = {last: DAY_S};

export class Timeline {
  // `onRange(range)` and `onMoment(t)` are called when the reader chooses one, `onSeries(series)` whenever there is
  // new data.
  constructor(metric, {range = SHOWN_AT_FIRST, at, onRange, onMoment, onSeries}) {
    Object.assign(this, {metric, wanted: range, at, onRange, onMoment, onSeries, series: null, changed: null});
    this.ghosts = new Map(); // colour -> {ago, series}
    this.lanes = new DetectorLanes();
    this.build();
    this.forgetColours = onColours(() => this.draw());
    this.resized = new ResizeObserver(() => this.place());
    this.resized.observe(this.plot);
    this.timer = setInterval(() => !document.hidden && this.wanted.last && this.refresh(), REFRESH_MS);
    this.load();
  }

  destroy() {
    clearInterval(this.timer);
    clearTimeout(this.pause);
    this.asked?.abort();
    this.resized.disconnect();
    this.forgetColours();
    this.graph?.destroy();
    this.graph = null;
  }

  build() {
    this.plot = el('div', {
      class: 'plot', tabindex: 0, role: 'application', 'aria-roledescription': 'chart',
      'aria-describedby': 'chart-keys',
    });
    this.canvas = el('div', {class: 'canvas'});
    this.caption = el('figcaption', {});
    this.box = el('div', {class: 'selection', hidden: true});
    this.mark = el('div', {class: 'mark', hidden: true});
    this.hair = el('div', {class: 'hair', hidden: true});
    this.plot.append(this.canvas, this.box);
    this.sheet = el('div', {class: 'sheet'}, this.plot, this.lanes.node, this.mark, this.hair);
    this.legend = el('p', {class: 'means', hidden: true}, el('span', {class: 'swatch'}), el('span'));
    this.node = el('figure', {class: 'timeline'}, this.toolbar(), this.caption, this.legend, this.sheet,
      el('p', {id: 'chart-keys', class: 'hint'}, 'Click a moment to ask why it was, or was not, flagged. Drag to zoom, '
        + 'with shift to pan; ctrl and wheel zoom. Keys: + − 0 zoom, ← → move from point to point, with '
        + 'shift they pan.'));
    this.node.timeline = this;
    listenTo(this, this.plot, this.box);
  }

  toolbar() {
    const button = (text, onclick, more) => el('button', {type: 'button', onclick, ...more}, text);
    this.choices = RANGES.map(([last, text]) => button(text, () => this.go({last}), {'data-last': last}));
    const ghosts = GHOSTS.map(ghost => button(ghost.title, event => this.toggle(ghost, event.currentTarget),
      {class: `ghost ${ghost.colour}`, 'aria-pressed': 'false', title: `${duration(ghost.ago)} before`}));
    return el('div', {class: 'toolbar', role: 'toolbar', 'aria-label': 'Range'},
      el('span', {class: 'group'}, this.choices, button('All', () => this.showAll())),
      el('span', {class: 'group'},
        button('◀', () => this.pan(-0.5), {'aria-label': 'Earlier'}),
        button('▶', () => this.pan(0.5), {'aria-label': 'Later'}),
        button('+', () => this.zoom(1 / 2), {'aria-label': 'Zoom in'}),
        button('−', () => this.zoom(2), {'aria-label': 'Zoom out'})),
      el('span', {class: 'group'}, ghosts));
  }

  range() {
    const {last, from, until} = this.wanted;
    return last ? {from: nowS() - last, until: nowS()} : {from, until};
  }

  // Shows another range, and says so.
  go(range) {
    this.wanted = range.last ? range : this.within(range);
    this.onRange(this.wanted);
    this.draw();
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.load(), PAUSE_MS);
  }

  // A range of at least NARROWEST_S that lies within what is kept.
  within({from, until}) {
    const first = this.series?.first || 0, now = nowS();
    const span = Math.min(Math.max(until - from, NARROWEST_S), Math.max(now - first, NARROWEST_S));
    const middle = (from + until) / 2;
    const end = Math.min(now, Math.max(middle + span / 2, first + span));
    return {from: Math.floor(end - span), until: Math.ceil(end)};
  }

  // Draws another range, for the moment of a gesture.
  glance(range) {
    this.draw(this.within(range));
  }

  showAll() {
    if (this.series?.first) this.go({last: Math.ceil(nowS() - this.series.first) + NARROWEST_S});
  }

  pan(share) {
    const {from, until} = this.range(), by = share * (until - from);
    this.go({from: from + by, until: until + by});
  }

  // Around `at`, or else the chosen moment if it is in sight, or the middle.
  zoom(factor, at) {
    const {from, until} = this.range();
    const seen = this.at >= from && this.at <= until ? this.at : (from + until) / 2;
    const fixed = Math.min(until, Math.max(from, at ?? seen));
    this.go({from: fixed - (fixed - from) * factor, until: fixed + (until - fixed) * factor});
  }

  // Chooses the point nearest to `t`.
  pick(t) {
    const points = this.series?.points ?? [];
    if (!points.length) return;
    this.choose(points.reduce((best, [at]) => (Math.abs(at - t) < Math.abs(best - t) ? at : best), points[0][0]));
  }

  // Chooses the point `count` after the chosen one, or after the last that is shown.
  step(count) {
    const {from, until} = this.range();
    const times = (this.series?.points ?? []).map(([t]) => t).filter(t => t >= from && t <= until);
    if (!times.length) return;
    const now = this.at === undefined ? times.length - 1 : times.findLastIndex(t => t <= this.at);
    this.choose(times[Math.min(times.length - 1, Math.max(0, now + count))]);
  }

  choose(t) {
    this.at = t;
    this.onMoment(t);
    this.place();
  }

  timeAt(clientX) {
    const left = this.canvas.getBoundingClientRect().left;
    return this.graph ? this.graph.toDataXCoord(clientX - left) / 1000 : nowS();
  }

  secondsPerPixel() {
    const {from, until} = this.range();
    return (until - from) / (this.graph?.getArea().w || 1);
  }

  async load() {
    const {wanted} = this, {from, until} = this.range();
    this.asked?.abort();
    const mine = this.asked = new AbortController();
    const span = {from: Math.max(0, Math.floor(from)), until: wanted.last ? undefined : Math.ceil(until)};
    try {
      const query = {metric: this.metric, ...span, lanes: 1, columns: columns()};
      this.series = await get('/api/series', query, mine.signal);
      this.loadedAt = nowS();
      await Promise.all([...this.ghosts.values()].map(ghost => this.loadGhost(ghost, mine.signal)));
      if (mine === this.asked) this.show();
    } catch (error) {
      if (error.name === 'AbortError') return;
      setText(this.caption, error.message);
      whenBack(error, () => !mine.signal.aborted && this.load());
    }
  }

  // Takes the points since the last one. On an error the chart keeps what it has: the page's head says what is wrong.
  async refresh() {
    const {series, wanted} = this;
    if (!series?.points.length || nowS() - this.loadedAt > RELOAD_S) return this.load();
    const query = {metric: this.metric, from: series.points.at(-1)[0] + 1, lanes: 1};
    const more = await get('/api/series', query).catch(() => null);
    if (!more || this.series !== series || this.wanted !== wanted || !this.graph) return;
    if (hasClosed(series, more)) return this.load();
    extend(series, more);
    this.show();
  }

  async toggle(ghost, button) {
    const on = button.ariaPressed !== 'true';
    button.ariaPressed = String(on);
    if (!on) this.ghosts.delete(ghost.colour);
    else await this.loadGhost(this.ghosts.set(ghost.colour, {...ghost}).get(ghost.colour)).catch(() => {});
    this.draw();
  }

  async loadGhost(ghost, signal) {
    const {from, until} = this.range();
    const ahead = this.wanted.last ? RELOAD_S : 0; // where a followed range will be until all is asked for anew
    const first = Math.max(0, Math.floor(from - ghost.ago)), last = Math.max(0, Math.ceil(until + ahead - ghost.ago));
    const query = {metric: this.metric, from: first, until: last, judge: 0, columns: columns()};
    const series = await get('/api/series', query, signal);
    series.points.forEach(point => { point[0] += ghost.ago; });
    series.stretches.forEach(stretch => { stretch.from += ghost.ago; });
    ghost.series = series;
  }

  show() {
    this.draw();
    this.onSeries(this.series);
  }

  // Draws what the answer of a preview says; null: what holds.
  preview(answer) {
    this.changed = answer?.scores?.length ? answer : null;
    this.draw();
  }

  draw(range = this.range()) {
    if (!this.series) return;
    this.drawn = this.changed ? previewed(this.series, this.changed) : this.series;
    this.lanes.take(this.drawn.lanes ?? []);
    this.thin = thinned(this.drawn, range, this.plot.clientWidth || 1);
    const rows = rowsOf(this.thin, range);
    const changed = {
      file: rows, dateWindow: [range.from * 1000, range.until * 1000],
      valueRange: valueRange(this.thin, range, [...this.ghosts.values()].map(ghost => ghost.series)),
      ...lineColours(),
    };
    if (this.graph) this.graph.updateOptions(changed);
    else this.graph = new Dygraph(this.canvas, rows, {...this.options(), ...changed});
    this.place(range);
    this.describe(range);
  }

  options() {
    return {
      ...lineOptions,
      interactionModel: {}, // gestures.js
      axes: {
        x: {pixelsPerLabel: 80},
        y: {pixelsPerLabel: 32, axisLabelWidth: 46, axisLabelFormatter: shortNumber},
      },
      underlayCallback: (canvas, area, graph) => this.paint(canvas, area, graph),
      highlightCallback: (event, x, points) => this.tell(x / 1000, points),
      unhighlightCallback: () => this.tell(),
    };
  }

  paint(canvas, area, graph) {
    paintSeries(canvas, area, graph, this.thin);
    for (const {series, colour} of this.ghosts.values())
      if (series) paintGhost(canvas, graph, lineRuns(series, this.range()), palette[colour]);
  }

  // Puts the lanes and the marks where the chart's time axis has them.
  place(range = this.range()) {
    if (!this.graph) return;
    const area = this.graph.getArea();
    this.lanes.draw(area, range);
    this.lanes.tell(this.at);
    this.put(this.mark, this.at, range);
  }

  put(line, t, {from, until} = this.range()) {
    line.hidden = !(t >= from && t <= until);
    const area = this.graph.getArea();
    line.style.left = `${area.x + (t - from) / (until - from) * area.w}px`;
  }

  // What stands under the pointer; without it, what the chart shows.
  tell(t, points) {
    this.put(this.hair, t);
    this.lanes.tell(t ?? this.at);
    if (t === undefined) return this.describe();
    const of = name => points.find(point => point.name === name)?.yval;
    const expected = Number.isFinite(of('expected')) ? `, expected ${number(of('expected'))}` : '';
    setText(this.caption, `${clock(t)}  ${number(of('value'))}${expected}`);
  }

  describe(range = this.range()) {
    const points = this.drawn.points.filter(([t]) => t >= range.from && t <= range.until);
    const said = points.length ? stepsInWords(this.drawn, range) : 'no points';
    const title = `${rangeInWords(this.wanted, range)}${this.changed ? ', as the change would have it' : ''}: ${said}`;
    if (!this.plot.matches(':hover')) setText(this.caption, title);
    const means = meansInWords(this.drawn, range);
    this.legend.hidden = !means;
    setText(this.legend.lastChild, `hatched: reconstructed from ${means}`);
    const [low, high] = boundsOf(points);
    const extremes = points.length ? `; ${number(low)} to ${number(high)}, last ${number(points.at(-1)[1])}` : '';
    this.plot.setAttribute('aria-label', `Chart of ${this.metric}, ${title}${extremes}`);
    for (const choice of this.choices)
      choice.setAttribute('aria-pressed', String(Number(choice.dataset.last) === this.wanted.last));
  }
}

const rangeInWords = ({last}, {from, until}) => (last ? `Last ${duration(last)}`
  : `${clock(from)} to ${clock(until)}, ${duration(until - from)}`);

// "points at 10 s, 1 min": the resolutions, finest first.
function stepsInWords({stretches}, {from, until}) {
  const steps = stretches.filter(stretch => stretch.step && stretch.from <= until && stretch.until >= from)
    .map(({step}) => step);
  return `points at ${[...new Set(steps)].sort((a, b) => a - b).map(step => duration(step)).join(', ')}`;
}

// "10-minute means": of what the band is reconstructed, finest first; empty where it is of points alone.
function meansInWords({reconstructed}, {from, until}) {
  const steps = reconstructed.filter(stretch => stretch.from <= until && stretch.until >= from).map(({step}) => step);
  return steps.length ? `${steps.sort((a, b) => a - b).map(meanWidth).join(' and ')} means` : '';
}
