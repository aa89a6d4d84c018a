// Durations as settings.conf has them, "1h30m", to seconds and back.

const MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400;
const UNITS_S = {y: 365 * DAY_S, w: 7 * DAY_S, d: DAY_S, h: HOUR_S, m: MINUTE_S, s: 1};

// NaN for what is none.
export function parseDuration(text) {
  if (!/^(\d+[ywdhms])+$/.test(text)) return NaN;
  const parts = [...text.matchAll(/(\d+)([ywdhms])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS_S[unit], 0);
}

export function durationText(seconds) {
  let left = seconds, text = '';
  for (const [unit, size] of Object.entries(UNITS_S)) {
    if ('yw'.includes(unit) && left % size) continue; // only when whole: 10d reads better than 1w3d
    const count = Math.floor(left / size);
    if (count) text += count + unit;
    left -= count * size;
  }
  return text || '0s';
}
