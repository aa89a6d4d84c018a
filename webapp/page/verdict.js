// A verdict's parts: which detectors voted and why, how grave a score is.
import {el} from './dom.js';
import {clock, duration, number, words} from './format.js';

const MARKS = {yes: '● yes', no: '○ no'};

export function findingsTable(findings) {
  const heads = [['Detector'], ['Statistic'], ['Threshold'], ['Of', 'of'], ['Vote']];
  return el('table', {class: 'findings'},
    el('thead', {}, el('tr', {}, heads.map(([head, name]) => el('th', {scope: 'col', class: name}, head)))),
    el('tbody', {}, findings.map(findingRow)));
}

// The resolution at which the statistic is the largest: single points, or means of several.
const resolution = step_s => step_s ? duration(step_s) : '–';

function findingRow({detector, statistic, threshold, step_s, vote, reason}) {
  return el('tr', {class: `vote-${vote}`},
    el('th', {scope: 'row'}, words(detector)),
    el('td', {title: step_s && `of ${duration(step_s)}`}, number(statistic, 3)),
    el('td', {}, number(threshold)),
    el('td', {class: 'of'}, resolution(step_s)),
    el('td', {}, MARKS[vote] ?? `– ${reason ?? vote}`));
}

// Gravity in words and as a class, so that colour is never the only sign.
export function gravity(score) {
  if (score >= 90) return 'critical';
  if (score >= 75) return 'major';
  return score >= 50 ? 'minor' : 'low';
}

export function scoreBadge(score) {
  return el('span', {class: `score ${gravity(score)}`, title: `score ${number(score)} of 100, ${gravity(score)}`},
    String(Math.round(score)));
}

// Of an anomaly whose score is below the one from which they surface.
export const candidateLabel = () => el('span', {class: 'label', title: 'below the surface score'}, 'candidate');

// "muted by deploy until 18:00:00"
export const muteTitle = ({name, until}) => `muted by ${name}${until === null ? '' : ` until ${clock(until)}`}`;
export const muteLabel = (mute, text = 'muted') => el('span', {class: 'label mute', title: muteTitle(mute)}, text);

// WARMING_UP is "warming up".
export const stateInWords = state => words(state.toLowerCase());
