// Sparklines: a metric's extremes over time, asked for when they come near the view, a few at a time: a list that is
// scrolled past leaves the server in peace.
import {get} from './api.js';
import {duration, nowS, number} from './format.js';

const WIDTH = 80, HEIGHT = 24, MARGIN = 2;
const AT_ONCE = 4;
const REFRESH_MS = 60_000;
const SHORTEST_S = 3600, LONGEST_S = 90 * 86400;

const asks = new WeakMap(); // drawing -> {metric, when}
const near = new Set();
let waiting = [], running = 0;

const nearView = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) {
    if (isIntersecting) want(target);
    else near.delete(target);
  }
}, {rootMargin: '200px'});

setInterval(() => {
  if (!document.hidden) near.forEach(want);
}, REFRESH_MS);

function shape(tag, attributes) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// A drawing of `metric` around what went wrong: `when` gives its {start, end, state} as they are now.
export function spark(metric, when) {
  const svg = shape('svg', {class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img',
    'aria-label': `${metric}: not loaded`});
  asks.set(svg, {metric, when});
  nearView.observe(svg);
  return svg;
}

// An open one fills the last quarter; a closed one the middle third.
function rangeOf({start, end, state}) {
  const until = nowS(), length = Math.max(end - start, SHORTEST_S / 4);
  if (state === 'open') return {from: until - Math.min(LONGEST_S, Math.max(SHORTEST_S, 4 * (until - start))), until};
  return {from: start - length, until: Math.min(until, end + length)};
}

function want(svg) {
  near.add(svg);
  if (!waiting.includes(svg)) waiting.push(svg);
  next();
}

async function next() {
  waiting = waiting.filter(svg => svg.isConnected && near.has(svg));
  const svg = running < AT_ONCE && waiting.shift();
  if (!svg) return;
  running++;
  try {
    const {metric, when} = asks.get(svg);
    const {from, until} = rangeOf(when());
    draw(svg, await get('/api/spark', {metric, from: Math.floor(from), until: Math.floor(until)}), when());
  } catch (error) {
    svg.replaceChildren();
    svg.setAttribute('aria-label', error.message);
  } finally {
    running--;
    next();
  }
}

function draw(svg, {metric, from, until, slot_s: slotS, points}, {start, end, state}) {
  const low = Math.min(...points.map(([, value]) => value)), high = Math.max(...points.map(([, , value]) => value));
  const x = t => ((t - from) / Math.max(1, until - from) * WIDTH).toFixed(1);
  const y = value => (high === low ? HEIGHT / 2
    : HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN)).toFixed(1);
  const right = state === 'open' ? until : Math.max(end, start + slotS);
  const span = shape('rect', {class: 'span', x: x(Math.max(start, from)), y: 0, height: HEIGHT,
    width: Math.max(1, x(right) - x(Math.max(start, from)))});
  const outline = run => [...run.map(([t, , top]) => [t, top]), ...run.toReversed()];
  const paths = runsOf(points, slotS).map(run => shape('path', {
    class: 'line', d: `M${outline(run).map(([t, value]) => `${x(t)} ${y(value)}`).join('L')}Z`}));
  svg.replaceChildren(span, ...paths);
  const values = points.length ? `from ${number(low)} to ${number(high)}` : 'no points';
  svg.setAttribute('aria-label', `${metric}, ${duration(until - from)}: ${values}`);
}

// Stretches without a gap.
function runsOf(points, slotS) {
  const runs = [];
  points.forEach((point, i) => {
    if (i && point[0] - points[i - 1][0] <= 3 * slotS) runs.at(-1).push(point);
    else runs.push([point]);
  });
  return runs;
}
