// From a series, as /api/series gives it, to what a plot needs. Pure.

const GAP_STEPS = 3;  // a longer silence breaks the line
const BAND_SHARE = 1; // the band may widen the value axis by this many heights of the values, at each end
const MARGIN = 0.06;

// The resolution at `t`: of the stretch that it lies in.
const stepAt = (series, t) => series.stretches.findLast(({from}) => from <= t)?.step ?? series.step;
const gapAt = (series, t) => GAP_STEPS * Math.max(stepAt(series, t) || 0, series.column_s ?? 0, 1);

// The stretch at `t` of what was expected that is reconstructed from means; undefined where it is of points.
const meansAt = ({reconstructed = []}, t) => reconstructed.find(({from, until}) => from <= t && t <= until);
const meansGapAt = (series, t) => GAP_STEPS * meansAt(series, t).step;

// Rows of [Date, value, expected] within the range. Empty rows at both ends pin the time
// axis, and one within each gap breaks the line.
export function rowsOf(series, {from, until}) {
  const expected = new Map(series.expected.map(row => [row[0], row[1]]));
  const empty = t => [new Date(t * 1000), null, null];
  const rows = [empty(from)];
  let last, mean = {until: 0}; // the mean that was judged last, and until when it holds
  for (const [t, value] of series.points) {
    if (t < from || t > until) continue;
    if (last !== undefined && t - last > gapAt(series, last)) rows.push(empty((t + last) / 2));
    if (expected.has(t)) mean = {expected: expected.get(t), until: t + (meansAt(series, t)?.step ?? 1)};
    rows.push([new Date(t * 1000), value, t < mean.until ? mean.expected : null]);
    last = t;
  }
  rows.push(empty(until));
  return rows;
}

// Stretches of the band, of that which is reconstructed from means, and of the envelope, each without a gap: lists of
// [t, lower, upper]. They reach a little out of the range, so that they fill it.
const bandRows = (series, ofMeans) => series.expected.filter(([t]) => !meansAt(series, t) !== ofMeans)
  .map(([t, , lower, upper]) => [t, lower, upper]);
export const bandRuns = (series, range) => runsOf(series, bandRows(series, false), range);
export const meansRuns = (series, range) => runsOf(series, bandRows(series, true), range, meansGapAt);
export const envelopeRuns = (series, range) => runsOf(series, series.envelope, range);

function runsOf(series, rows, {from, until}, gapOf = gapAt) {
  const runs = [];
  let run = [];
  for (const row of rows) {
    const [t, lower, upper] = row;
    const gap = gapOf(series, t);
    if (t < from - gap || t > until + gap) continue;
    const hasBand = lower !== null && upper !== null;
    if (run.length && (!hasBand || t - run.at(-1)[0] > gap)) {
      runs.push(run);
      run = [];
    }
    if (hasBand) run.push(row);
  }
  return run.length ? [...runs, run] : runs;
}

// The series with no more points within the range than a chart of so many pixels can show: of each pixel's the least
// and the greatest, with what was expected of these.
export function thinned(series, {from, until}, pixels) {
  const points = series.points.filter(([t]) => t >= from && t <= until);
  if (points.length <= 2 * pixels) return series;
  const width = (until - from) / pixels, kept = [];
  let low, high, slot;
  const keep = () => low && kept.push(...(low === high ? [low] : [low, high].sort((a, b) => a[0] - b[0])));
  for (const point of points) {
    const at = Math.floor((point[0] - from) / width);
    if (at !== slot) {
      keep();
      slot = at;
      low = high = point;
    }
    if (point[1] < low[1]) low = point;
    if (point[1] > high[1]) high = point;
  }
  keep();
  const times = new Set(kept.map(([t]) => t));
  return {
    ...series,
    points: kept,
    expected: series.expected.filter(([t]) => times.has(t) || meansAt(series, t)),
    stretches: series.stretches.map(stretch => ({...stretch, step: Math.max(stretch.step ?? 0, width)})),
  };
}

// The line itself, in [t, value], as runs without a gap.
export function lineRuns(series, {from, until}) {
  const runs = [];
  let run;
  for (const point of series.points) {
    if (point[0] < from || point[0] > until) continue;
    if (!run || point[0] - run.at(-1)[0] > gapAt(series, run.at(-1)[0])) runs.push(run = []);
    run.push(point);
  }
  return runs;
}

// The series as a preview (the answer of /api/preview) would have it: band and anomalies are the preview's where it
// judged, and as they are before and since.
export function previewed(series, {scores, expected, anomalies}) {
  const from = scores[0][0], until = scores.at(-1)[0];
  const rowsBefore = series.expected.filter(([t]) => t < from);
  return {
    ...series,
    expected: [...rowsBefore, ...expected, ...series.expected.filter(([t]) => t > until)],
    anomalies: [...series.anomalies.filter(({start, end}) => end < from || start > until), ...anomalies],
  };
}

// {start, end, quiet} of what is to be shaded. An open anomaly is anomalous to its `end`, and then quiet, or not
// yet told to be more, for as long as there are points.
export function spansOf({anomalies, points}) {
  const last = points.at(-1)?.[0] ?? 0;
  const quiet = anomalies.filter(({state, end}) => state === 'open' && end < last);
  return [...quiet.map(({end}) => ({start: end, end: last, quiet: true})),
    ...anomalies.map(({start, end}) => ({start, end, quiet: false}))];
}

// The least and the greatest value of points.
export const boundsOf = points => bounds(points, {from: -Infinity, until: Infinity}, 1, 1);

// The value axis: all values of the range, their extremes, and of the band what does not flatten them. `others` are
// series that are drawn with it.
export function valueRange(series, range, others = []) {
  const all = [series, ...others.filter(Boolean)].flatMap(({points}) => points);
  const [lowMean, highMean] = bounds(all, range, 1, 1);
  if (lowMean > highMean) return [0, 1];
  const [lowest, highest] = bounds(series.envelope, range, 1, 2);
  const low = Math.min(lowMean, lowest), high = Math.max(highMean, highest);
  const [bandLow, bandHigh] = bounds(series.expected, range, 2, 3);
  const height = high - low || Math.abs(high) * 0.1 || 1;
  const bottom = Math.min(low, Math.max(bandLow, low - BAND_SHARE * height));
  const top = Math.max(high, Math.min(bandHigh, high + BAND_SHARE * height));
  const margin = (top - bottom || height) * MARGIN;
  return [bottom - margin, top + margin];
}

// The least of one column and the greatest of another; [Infinity, -Infinity] without rows.
function bounds(rows, {from, until}, lowColumn, highColumn) {
  let low = Infinity, high = -Infinity;
  for (const row of rows) {
    if (row[0] < from || row[0] > until || row[lowColumn] === null) continue;
    low = Math.min(low, row[lowColumn]);
    high = Math.max(high, row[highColumn]);
  }
  return [low, high];
}

// Whether an anomaly that `series` has as open is so no longer: a later answer holds every open one.
export function hasClosed(series, more) {
  const open = new Set(more.anomalies.filter(({state}) => state === 'open').map(({id}) => id));
  return series.anomalies.some(({id, state}) => state === 'open' && !open.has(id));
}

// Adds to `series` what came since, as a later answer gives it.
export function extend(series, more) {
  series.points.push(...more.points);
  series.expected.push(...more.expected);
  for (const {detector, rows} of more.lanes ?? [])
    series.lanes?.find(lane => lane.detector === detector)?.rows.push(...rows);
  if (!series.stretches.length) series.stretches = more.stretches;
  else if (more.points.length) series.stretches.at(-1).until = more.points.at(-1)[0];
  const byId = new Map([...series.anomalies, ...more.anomalies].map(anomaly => [anomaly.id, anomaly]));
  series.anomalies = [...byId.values()];
  const told = new Set(series.marks.map(({at, text}) => `${at} ${text}`));
  series.marks.push(...more.marks.filter(({at, text}) => !told.has(`${at} ${text}`)));
}
