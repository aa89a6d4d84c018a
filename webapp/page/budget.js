// The site's incident budget: what it let through, and the link that shows or hides the candidates, which stay below.
import {byId, setText} from './dom.js';
import {number, plural} from './format.js';
import {hashWith, scope} from './scope.js';

let latest; // the budget as last told

export function tell(budget) {
  latest = budget;
  const score = budget?.surface_score ?? 0;
  byId('budget').hidden = !budget || (budget.per_day === null && !score);
  if (byId('budget').hidden) return;
  setText(byId('budget-text'), `${spent(budget)}${score ? `; ${below(budget)} — ` : ''}`);
  byId('budget').classList.toggle('over', budget.exceeded);
  const meter = byId('budget-meter');
  meter.hidden = !(budget.per_day > 0) || budget.fixed;
  meter.max = budget.per_day || 1;
  meter.high = meter.max;
  meter.value = budget.surfaced_last_day;
  tellToggle();
}

// Says what the link would do, which the address decides.
export function tellToggle() {
  const shown = scope().candidates;
  const toggle = byId('budget-toggle'), word = shown ? 'hide' : 'show';
  toggle.hidden = !latest?.surface_score && !shown;
  setText(toggle, word);
  toggle.setAttribute('aria-label', `${word} candidates`);
  toggle.setAttribute('href', hashWith({candidates: shown ? undefined : 1}));
}

function spent({per_day: perDay, surface_score: score, surfaced_last_day: used, fixed, exceeded}) {
  const budget = `Budget ${perDay < 1 ? `${number(7 * perDay)} a week` : `${number(perDay)} a day`}`;
  if (!fixed && !exceeded) return `${budget}: ${number(used)} used in the last day`;
  if (!exceeded) return `Surface score ${score}, as set: ${number(used)} reached it in the last day`;
  return `${budget} exceeded: ${number(used)} reached score ${score}${fixed ? ', as set,' : ''} in the last day`;
}

const below = ({candidates_open: count, surface_score: score}) =>
  `${plural(count, 'open candidate')} below score ${score}`;
