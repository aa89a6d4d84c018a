// A verdict in words and as a small table: what was measured, what was expected, which
// detectors voted and why.
import {el} from './dom.js';
import {duration, number, time, words} from './format.js';

const strong = text => el('strong', {}, text);
const names = findings => findings.map(finding => words(finding.detector)).join(', ');

// "812 where 120 was expected (90 to 150). 4 of 5 detectors vote yes: median, ...;
// seasonal abstains (needs a day)."
export function sentence(verdict) {
  const {ensemble, findings, state, t, since, longest_s, rate} = verdict;
  if (state === 'FLAT') {
    const stuck = rate == null ? ['Stuck at ', strong(number(verdict.value))]
      : ['A counter stuck at a rate of ', strong(number(rate)), ' a second'];
    return el('p', {class: 'words'}, stuck, ` for ${duration(t - since)}; before, never `,
      `for longer than ${duration(longest_s)}.`);
  }
  if (state === 'STALE' && verdict.value === null) {
    return el('p', {class: 'words'}, 'No point since ', time(since), '; before, never silent for longer than ',
      strong(duration(longest_s)), '.');
  }
  const {value, expected, lower, upper, mean} = verdict.told ?? verdict;
  const parts = [strong(number(value))];
  if (mean) parts.push(` (a mean; the point itself ${number(verdict.value)})`);
  if (expected !== null) parts.push(' where ', strong(number(expected)), ' was expected');
  if (lower !== null && upper !== null) parts.push(` (${number(lower)} to ${number(upper)})`);
  if (rate != null) parts.push(`, judged as a counter, by its rate of ${number(rate)} a second`);
  if (state === 'DROPOUT') parts.push(`; at next to nothing for ${duration(t - since)}`);
  return el('p', {class: 'words'}, parts, '. ', votesInWords(ensemble, findings));
}

function votesInWords(ensemble, findings) {
  const judges = ensemble === 'skyline' ? 'algorithm' : 'detector';
  const judging = findings.filter(finding => finding.vote !== 'abstains');
  const yes = judging.filter(finding => finding.vote === 'yes');
  const said = yes.length ? `${yes.length} of ${judging.length} ${judges}s vote yes: ${names(yes)}`
    : `No ${judges} votes yes`;
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

// WARMING_UP is "warming up".
export const stateInWords = state => words(state.toLowerCase());
