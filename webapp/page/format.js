// Numbers, moments and spans of time as people read them. Moments are shown in the
// viewer's zone and carry UTC in their title.
import {el} from './dom.js';

const MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400;

export const nowS = () => Date.now() / 1000;

// A few significant digits, thousands grouped: 0.01234, 98.77, 12,345, 3.2e12.
export function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e12 || size < 1e-4)) return value.toExponential(2);
  if (size >= 1000) return value.toLocaleString('en', {maximumFractionDigits: 0});
  return value.toLocaleString('en', {maximumSignificantDigits: digits});
}

// For an axis: 1.2k, 3M, so that labels keep one width.
export function shortNumber(value) {
  const size = Math.abs(value);
  if (size >= 1e12 || (size !== 0 && size < 1e-3)) return value.toExponential(1);
  return value.toLocaleString('en', {notation: size >= 1e4 ? 'compact' : 'standard', maximumSignificantDigits: 3});
}

// "45 s", "12 min", "3 h 5 min", "2 d 4 h"
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  const pair = (big, bigUnit, small, smallUnit) => `${big} ${bigUnit}${small ? ` ${small} ${smallUnit}` : ''}`;
  if (s < 2 * MINUTE_S) return `${s} s`;
  if (s < HOUR_S) return `${Math.floor(s / MINUTE_S)} min`;
  if (s < DAY_S) return pair(Math.floor(s / HOUR_S), 'h', Math.floor((s % HOUR_S) / MINUTE_S), 'min');
  return pair(Math.floor(s / DAY_S), 'd', Math.floor((s % DAY_S) / HOUR_S), 'h');
}

const two = n => String(n).padStart(2, '0');
const isToday = date => date.toDateString() === new Date().toDateString();

// "14:03:20" today, "Nov 21 14:03" on another day
export function clock(seconds) {
  const date = new Date(seconds * 1000);
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (isToday(date)) return `${minutes}:${two(date.getSeconds())}`;
  return `${date.toLocaleString('en', {month: 'short'})} ${date.getDate()} ${minutes}`;
}

export const utc = seconds => new Date(seconds * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC');

export function time(seconds) {
  const moment = Math.floor(seconds);
  return el('time', {datetime: new Date(moment * 1000).toISOString(), title: utc(moment)}, clock(moment));
}

// When an open anomaly was, in the list and in its metric's view alike. Where it is not known when it
// `closes`, that is left out.
export const openSpan = ({start, end}, closes) => [
  'open since ', time(start), `, ${duration(nowS() - start)}; last anomalous at `, time(end),
  closes !== undefined && ['; closes at ', time(closes), ' if it stays quiet']];

export const lag = ms => (!Number.isFinite(ms) ? '–' : ms < 1000 ? `${number(ms)} ms` : duration(ms / 1000));

export const shareText = share => (Number.isFinite(share) ? `${number(100 * share, 3)} %` : '–');

export const timeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'the zone of this browser';

export function plural(count, noun) {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

// holt_winters reads better as "holt winters".
export const words = name => name.replaceAll('_', ' ');

// Durations as settings.conf has them, "1h30m", to seconds and back. NaN for what is none.
const UNITS_S = {y: 365 * DAY_S, w: 7 * DAY_S, d: DAY_S, h: HOUR_S, m: MINUTE_S, s: 1};

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
