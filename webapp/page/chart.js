// The charts of one metric in a list: a close look and the last day, side by side, each with
// the expected band, the extremes of what is rolled up, and the anomalous spans shaded, lighter
// where an open one is quiet. A chart exists only while it is near the view: a list of
// thousands costs what is on the screen. What is on the screen is brought up to date every
// REFRESH_S with the points since the last.
import './dygraphs.js';
import {get} from './api.js';
import {el, setText} from './dom.js';
import {clock, nowS, number} from './format.js';
import {lineColours, lineOptions, onColours, paintSeries, shortNumber} from './paint.js';
import {extend, hasClosed, rowsOf, valueRange} from './plot.js';

const REFRESH_S = 10;
const HOUR_S = 3600, DAY_S = 86400;
const RELOAD_S = HOUR_S; // all of the range anew: what has left it, and points that came late
const LINGER_MS = 120;   // a chart that is only scrolled past asks for nothing

// Zoom by dragging, back by double click; no touch handlers, which would stop a finger from scrolling.
const {mousedown, dblclick, willDestroyContextMyself} = Dygraph.defaultInteractionModel;
const interactionModel = {mousedown, dblclick, willDestroyContextMyself};

const shown = new Set();
const nearView = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) {
    if (isIntersecting) target.charts.show();
    else target.charts.hide();
  }
}, {rootMargin: '300px'});

setInterval(() => {
  if (!document.hidden) shown.forEach(charts => charts.refresh());
}, REFRESH_S * 1000);

onColours(() => shown.forEach(charts => charts.draw()));

export const lastHour = () => ({from: nowS() - HOUR_S, until: nowS(), title: 'last hour'});

// Makes the charts of `metric`. `closeUp()` gives {from, until, title} of the close look.
export function charts(metric, {closeUp = lastHour} = {}) {
  const node = el('div', {class: 'charts'});
  node.charts = new Charts(node, metric, closeUp);
  nearView.observe(node);
  return node;
}

class Charts {
  constructor(node, metric, closeUp) {
    Object.assign(this, {node, metric, series: null});
    this.views = [this.makeView(closeUp), this.makeView(() => this.wideView())];
  }

  makeView(range) {
    const caption = el('figcaption');
    const plot = el('div', {class: 'plot', role: 'img', 'aria-label': `Chart of ${this.metric}`});
    this.node.append(el('figure', {}, caption, plot));
    return {range, caption, plot, graph: null};
  }

  wideView() {
    const now = nowS(), first = this.series.points[0]?.[0] ?? now;
    return {from: Math.min(Math.max(first, now - DAY_S), now - HOUR_S), until: now, title: 'last day'};
  }

  show() {
    shown.add(this);
    setTimeout(() => shown.has(this) && !this.series && this.load(), LINGER_MS);
  }

  hide() {
    shown.delete(this);
    if (!this.node.isConnected) nearView.unobserve(this.node);
    for (const view of this.views) {
      view.graph?.destroy();
      view.graph = null;
    }
    this.series = null;
  }

  async load() {
    try {
      const from = Math.floor(Math.min(nowS() - DAY_S, this.views[0].range().from)); // a close look may be at days ago
      const series = await get('/api/series', {metric: this.metric, from});
      if (!shown.has(this)) return;
      this.series = series;
      this.loadedAt = nowS();
      this.draw();
    } catch (error) {
      for (const {caption} of this.views) setText(caption, error.message);
    }
  }

  // Takes the points since the last one. On an error the charts keep what they have: the page's
  // head says what is wrong.
  async refresh() {
    const {series} = this;
    if (!series?.points.length || nowS() - this.loadedAt > RELOAD_S) return this.load();
    const more = await get('/api/series', {metric: this.metric, from: series.points.at(-1)[0] + 1}).catch(() => null);
    if (!more || this.series !== series) return;
    if (hasClosed(series, more)) return this.load();
    extend(series, more);
    this.draw();
  }

  draw() {
    if (!this.series) return;
    for (const view of this.views) {
      const range = view.range();
      const rows = rowsOf(this.series, range);
      const changed = {
        file: rows, valueRange: valueRange(this.series, range), ...lineColours(),
      };
      if (view.graph) view.graph.updateOptions(changed);
      else view.graph = new Dygraph(view.plot, rows, {...this.options(view), ...changed});
      this.describe(view, range.title, rows);
    }
  }

  options(view) {
    return {
      ...lineOptions,
      xRangePad: 3, // so that the newest point is seen whole
      interactionModel,
      axes: {
        x: {pixelsPerLabel: 70},
        y: {pixelsPerLabel: 28, axisLabelWidth: 46, axisLabelFormatter: shortNumber},
      },
      underlayCallback: (canvas, area, graph) => this.series && paintSeries(canvas, area, graph, this.series),
      highlightCallback: (event, x, points) => setText(view.caption, readout(x, points)),
      unhighlightCallback: () => setText(view.caption, view.range().title),
    };
  }

  describe({plot, caption}, title, rows) {
    const values = rows.map(row => row[1]).filter(value => value !== null);
    const said = values.length ? `${values.length} points, last ${number(values.at(-1))}` : 'no points';
    plot.setAttribute('aria-label', `Chart of ${this.metric}, ${title}: ${said}`);
    if (!plot.matches(':hover')) setText(caption, values.length ? title : `${title}: no points`);
  }
}

// What stands over the pointer: time, value, and what was expected.
function readout(x, points) {
  const of = name => points.find(point => point.name === name)?.yval;
  const expected = Number.isFinite(of('expected')) ? `, expected ${number(of('expected'))}` : '';
  return `${clock(x / 1000)}  ${number(of('value'))}${expected}`;
}
