// What charts share: their colours, which follow the colour scheme, and what is painted under their lines.
import {labelMarks} from './marks.js';
import {bandRuns, envelopeRuns, meansRuns, spansOf} from './plot.js';

const NARROWEST_SPAN_PX = 2;
const HATCH_PX = 6;
const COLOURS = ['line', 'expected', 'band', 'means', 'envelope', 'span', 'quiet', 'grid',
  'yesterday', 'last-week', 'silent'];

export let palette = readPalette();
const listeners = new Set();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  palette = readPalette();
  listeners.forEach(listener => listener());
});

function readPalette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(COLOURS.map(name => [name, style.getPropertyValue(`--chart-${name}`).trim()]));
}

// Calls `listener` when the colours have changed, until the function that it returns is called.
export function onColours(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// For an axis: 1.2k, 3M, so that labels keep one width.
export function shortNumber(value) {
  const size = Math.abs(value);
  if (size >= 1e12 || (size !== 0 && size < 1e-3)) return value.toExponential(1);
  return value.toLocaleString('en', {notation: size >= 1e4 ? 'compact' : 'standard', maximumSignificantDigits: 3});
}

// How a dygraph of a value and of what was expected looks.
export const lineOptions = {
  labels: ['time', 'value', 'expected'],
  series: {expected: {strokePattern: [4, 3], strokeWidth: 1}},
  strokeWidth: 1.3,
  highlightCircleSize: 3,
};

export function lineColours() {
  return {colors: [palette.line, palette.expected], gridLineColor: palette.grid, axisLineColor: palette.grid};
}

// Under the lines of a dygraph: the anomalous spans of a series, its extremes, and its band, hatched where it is
// reconstructed from means.
export function paintSeries(canvas, area, graph, series) {
  const [from, until] = graph.xAxisRange().map(ms => ms / 1000);
  const x = t => graph.toDomXCoord(t * 1000);
  for (const {start, end, quiet} of spansOf(series)) {
    if (end < from || start > until) continue;
    canvas.fillStyle = quiet ? palette.quiet : palette.span;
    const left = Math.max(area.x, x(start)), right = Math.min(area.x + area.w, x(end));
    canvas.fillRect(left, area.y, Math.max(NARROWEST_SPAN_PX, right - left), area.h);
  }
  const fill = (runs, colour) => {
    canvas.fillStyle = colour;
    for (const run of runs) {
      canvas.beginPath();
      for (const [t, lower] of run) canvas.lineTo(x(t), graph.toDomYCoord(lower));
      for (const [t, , upper] of [...run].reverse()) canvas.lineTo(x(t), graph.toDomYCoord(upper));
      canvas.fill();
    }
  };
  fill(envelopeRuns(series, {from, until}), palette.envelope);
  fill(bandRuns(series, {from, until}), palette.band);
  fill(meansRuns(series, {from, until}), hatched(canvas, palette.means));
  paintContext(canvas, area, graph, series);
}

// Diagonal lines, to fill with.
function hatched(canvas, colour) {
  const tile = new OffscreenCanvas(HATCH_PX, HATCH_PX), pen = tile.getContext('2d');
  pen.strokeStyle = colour;
  for (const left of [-HATCH_PX, 0, HATCH_PX]) { // those at its sides reach into its corners
    pen.moveTo(left - 1, HATCH_PX + 1);
    pen.lineTo(left + HATCH_PX + 1, -1);
  }
  pen.stroke();
  return canvas.createPattern(tile, 'repeat');
}

// When people did something to the site, and the limit that a rule gives.
function paintContext(canvas, area, graph, {marks = [], about}) {
  canvas.save();
  canvas.strokeStyle = palette.expected;
  canvas.setLineDash([5, 3]);
  const line = (...ends) => {
    canvas.beginPath();
    for (const [left, top] of ends) canvas.lineTo(left, top);
    canvas.stroke();
  };
  const seen = marks.map(mark => ({...mark, x: graph.toDomXCoord(mark.at * 1000)}))
    .filter(({x}) => x >= area.x && x <= area.x + area.w);
  for (const {x} of seen) line([x, area.y], [x, area.y + area.h]);
  labelMarks(canvas.canvas.parentNode, area, seen);
  const y = about?.limit == null ? NaN : graph.toDomYCoord(about.limit);
  if (y >= area.y && y <= area.y + area.h) line([area.x, y], [area.x + area.w, y]);
  canvas.restore();
}

// A line of its own, dashed: the [t, value] of runs without a gap.
export function paintGhost(canvas, graph, runs, colour) {
  canvas.save();
  canvas.strokeStyle = colour;
  canvas.lineWidth = 1.5;
  canvas.setLineDash([3, 2]);
  for (const run of runs) {
    canvas.beginPath();
    for (const [t, value] of run) canvas.lineTo(graph.toDomXCoord(t * 1000), graph.toDomYCoord(value));
    canvas.stroke();
  }
  canvas.restore();
}
