// The overview: what is open, what closed lately, and the budget that decides what surfaces.
import * as budget from './budget.js';
import * as list from './list.js';
import {hear} from './live.js';
import * as status from './status.js';

let redisUp = true; // as last told

async function refresh() {
  try {
    await list.reload();
    status.trouble('');
  } catch (error) {
    status.trouble(error.message);
  }
}

// While Redis is away the lists cannot be had: they are asked for when it is back. Another surface score
// takes some out of them and brings others.
function heed(health) {
  budget.tell(health.budget);
  const back = health.redis.up && !redisUp;
  redisUp = health.redis.up;
  if (back || (redisUp && list.isOutdated(health.budget))) refresh();
}

export function show(query) {
  if (budget.follow(query)) refresh();
}

export function hide() {}

export const move = list.move;

list.startList(() => status.tellOpen(list.openCount()));
hear('anomaly', list.take);
hear('status', heed);
hear('live', refresh);
