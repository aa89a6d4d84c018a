// From a series, as /api/series gives it, to what a plot needs. Pure.

const GAP_STEPS = 3;  // a longer silence breaks the line
const BAND_SHARE = 1; // the band may widen the value axis by this many heights of the values, at each end
const MARGIN = 0.06;

const gapOf = series => GAP_STEPS * Math.max(series.step || 0, 1);

// Rows of [Date, value, expected] within the range. Empty rows at both ends pin the time
// axis, and one within each gap breaks the line.
export function rowsOf(series, {from, until}) {
  const expected = new Map(series.expected.map(row => [row[0], row[1]]));
  const empty = t => [new Date(t * 1000), null, null];
  const rows = [empty(from)];
  let last;
  for (const [t, value] of series.points) {
    if (t < from || t > until) continue;
    if (last !== undefined && t - last > gapOf(series)) rows.push(empty((t + last) / 2));
    rows.push([new Date(t * 1000), value, expected.get(t) ?? null]);
    last = t;
  }
  rows.push(empty(until));
  return rows;
}

// Stretches of the band, each without a gap: lists of [t, expected, lower, upper]. They reach a
// little out of the range, so that the band fills it.
export function bandRuns(series, {from, until}) {
  const runs = [];
  let run = [];
  for (const row of series.expected) {
    const [t, , lower, upper] = row;
    if (t < from - gapOf(series) || t > until + gapOf(series)) continue;
    const hasBand = lower !== null && upper !== null;
    if (run.length && (!hasBand || t - run.at(-1)[0] > gapOf(series))) {
      runs.push(run);
      run = [];
    }
    if (hasBand) run.push(row);
  }
  return run.length ? [...runs, run] : runs;
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

// The value axis: all values of the range, and of the band what does not flatten them.
export function valueRange(series, range) {
  const [low, high] = bounds(series.points, range, 1, 1);
  if (low > high) return [0, 1];
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
  const byId = new Map([...series.anomalies, ...more.anomalies].map(anomaly => [anomaly.id, anomaly]));
  series.anomalies = [...byId.values()];
}
