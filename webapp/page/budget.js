// The site's incident budget: one line that says what it let through, and the link that shows or hides
// the candidates, which stay below. Which of the two is shown is in the address.
import {byId, setText} from './dom.js';
import {number, plural} from './format.js';

const SHOWN = '#candidates=1';

let shown = false;
let latest; // the budget as last told

// Takes the address's query. Returns whether that changed what is shown.
export function follow(query) {
  const before = shown;
  shown = query.get('candidates') === '1';
  tell(latest);
  return shown !== before;
}

export const candidatesShown = () => shown;

export function tell(budget) {
  latest = budget;
  const score = budget?.surface_score ?? 0;
  byId('budget').hidden = !budget || (budget.per_day === null && !score);
  byId('budget-toggle').hidden = !score && !shown;
  if (byId('budget').hidden) return;
  setText(byId('budget-text'), `${spent(budget)}${score ? `; ${below(budget)} — ` : ''}`);
  byId('budget').classList.toggle('over', budget.exceeded);
  const toggle = byId('budget-toggle'), word = shown ? 'hide' : 'show';
  setText(toggle, word);
  toggle.setAttribute('aria-label', `${word} candidates`);
  toggle.setAttribute('href', shown ? '#' : SHOWN);
}

function spent({per_day: perDay, surface_score: score, surfaced_last_day: used, fixed, exceeded}) {
  const budget = `Budget ${perDay < 1 ? `${number(7 * perDay)} a week` : `${number(perDay)} a day`}`;
  if (!fixed && !exceeded) return `${budget}: ${number(used)} used in the last day`;
  if (!exceeded) return `Surface score ${score}, as set: ${number(used)} reached it in the last day`;
  return `${budget} exceeded: ${number(used)} reached score ${score}${fixed ? ', as set,' : ''} in the last day`;
}

const below = ({candidates_open: count, surface_score: score}) =>
  `${plural(count, 'open candidate')} below score ${score}`;
