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

// "14:03:20" today, "Nov 21 14:03" on another day, "Nov 21 2025 14:03" in another year
export function clock(seconds) {
  const date = new Date(seconds * 1000);
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (isToday(date)) return `${minutes}:${two(date.getSeconds())}`;
  const year = date.getFullYear() === new Date().getFullYear() ? '' : ` ${date.getFullYear()}`;
  return `${date.toLocaleString('en', {month: 'short'})} ${date.getDate()}${year} ${minutes}`;
}

export const utc = seconds => new Date(seconds * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC');

export function time(seconds) {
  const moment = Math.floor(seconds);
  return el('time', {datetime: new Date(moment * 1000).toISOString(), title: utc(moment)}, clock(moment));
}

export const lag = ms => (!Number.isFinite(ms) ? '–' : ms < 1000 ? `${number(ms)} ms` : duration(ms / 1000));

export const shareText = share => (Number.isFinite(share) ? `${number(100 * share, 3)} %` : '–');

export const timeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'the zone of this browser';

export function plural(count, noun) {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

// holt_winters reads better as "holt winters".
export const words = name => name.replaceAll('_', ' ');
