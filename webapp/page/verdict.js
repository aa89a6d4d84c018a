// A verdict in words and as a small table: what was measured, what was expected, which
// detectors voted and why.
import {el} from './dom.js';
import {number, words} from './format.js';

const strong = text => el('strong', {}, text);
const names = findings => findings.map(finding => words(finding.detector)).join(', ');

// "812 where 120 was expected (90 to 150). 4 of 5 detectors vote yes: median, ...;
// seasonal abstains (needs a day)."
export function sentence({value, expected, lower, upper, findings}) {
  const parts = [strong(number(value))];
  if (expected !== null) parts.push(' where ', strong(number(expected)), ' was expected');
  if (lower !== null && upper !== null) parts.push(` (${number(lower)} to ${number(upper)})`);
  return el('p', {class: 'words'}, parts, '. ', votesInWords(findings));
}

function votesInWords(findings) {
  const judging = findings.filter(finding => finding.vote !== 'abstains');
  const yes = judging.filter(finding => finding.vote === 'yes');
  const said = yes.length ? `${yes.length} of ${judging.length} detectors vote yes: ${names(yes)}` : 'No detector votes yes';
  return `${[said, ...abstentions(findings)].join('; ')}.`;
}

// "seasonal, slow abstain (needs a day)", one for each reason.
function abstentions(findings) {
  const silent = findings.filter(finding => finding.vote === 'abstains');
  return [...new Set(silent.map(finding => finding.reason))].map(reason => {
    const some = silent.filter(finding => finding.reason === reason);
    return `${names(some)} abstain${some.length === 1 ? 's' : ''} (${reason})`;
  });
}

const MARKS = {yes: '● yes', no: '○ no'};

export function findingsTable(findings) {
  const heads = ['Detector', 'Statistic', 'Threshold', 'Vote'];
  return el('table', {class: 'findings'},
    el('thead', {}, el('tr', {}, heads.map(head => el('th', {scope: 'col'}, head)))),
    el('tbody', {}, findings.map(findingRow)));
}

function findingRow({detector, statistic, threshold, vote, reason}) {
  return el('tr', {class: `vote-${vote}`},
    el('th', {scope: 'row'}, words(detector)),
    el('td', {}, number(statistic, 3)),
    el('td', {}, number(threshold)),
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

// WARMING_UP is "warming up".
export const stateInWords = state => words(state.toLowerCase());
