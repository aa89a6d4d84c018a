// The overview: where and when something went wrong, which incidents are open, and the budget that says what surfaces.
import * as budget from './budget.js';
import * as lanes from './lanes.js';
import * as list from './list.js';
import {hear} from './live.js';
import {follow, hashWith, scope, wholeList} from './scope.js';
import * as status from './status.js';

const FIRST = 40; // incidents asked for before the rest: what a view can show at once

let redisUp = true; // as last told
let first; // settles when they are shown
let mutes; // which are in force, as last told
let candidates; // whether the lists have them
let setup; // the module of what to do while nothing arrives, once it was needed

async function attempt(...what) {
  try {
    await Promise.all(what.map(load => load()));
    status.trouble('');
  } catch (error) {
    status.trouble(error.message);
  }
}

const refresh = () => attempt(lanes.reload, list.reload);

// While Redis is away the lists cannot be had: they are asked for when it is back. Another surface score
// takes some out of them and brings others, and other mutes change what they say.
async function heed(health) {
  budget.tell(health.budget);
  const back = health.redis.up && !redisUp;
  redisUp = health.redis.up;
  const others = health.mutes.stamp !== (mutes ?? health.mutes.stamp);
  mutes = health.mutes.stamp;
  if (back || (redisUp && (others || list.isOutdated(health.budget)))) refresh();
  if (health.site_metrics === 0) setup ??= await import('./setup.js');
  setup?.tellSetup(health);
}

export function show(query) {
  follow(query);
  budget.tellToggle();
  const other = lanes.isOther(), others = candidates !== scope().candidates;
  candidates = scope().candidates;
  if (first) attempt(...[other && lanes.reload, others ? list.reload : list.reloadWithin].filter(Boolean));
  else start();
}

// What is lost between the first answers and the first live event, the whole lists have.
function start() {
  first = attempt(lanes.reload, () => list.reload(FIRST));
  const news = lanes.startLanes(() => attempt(lanes.reload, list.reloadWithin));
  list.startList(status.tellOpen);
  hear('incident', list.take);
  hear('anomaly', news);
  hear('status', heed);
  hear('live', () => first.then(refresh));
}

export function hide() {}

export const move = list.move;

// Back to the whole list. False when it is there.
export function clear() {
  if (!scope().cell) return false;
  location.hash = hashWith(wholeList);
  return true;
}
