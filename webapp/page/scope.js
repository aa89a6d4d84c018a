// What the address says of the overview: #range=7d&depth=3&prefix=servers.web1 chooses what the lanes show, group, from
// and until narrow the list to one of their cells, candidates=1 shows what is below the surface score.

const HOUR_S = 3600, DAY_S = 86400;

// How far back; how long a cell is, on a wide view and on a narrow one; and how often a time is written.
export const RANGES = {
  '1h': {title: 'hour', seconds: HOUR_S, wide: 60, narrow: 150, tick: 600},
  '6h': {title: '6 hours', seconds: 6 * HOUR_S, wide: 300, narrow: 900, tick: HOUR_S},
  '24h': {title: '24 hours', seconds: DAY_S, wide: 900, narrow: HOUR_S, tick: 4 * HOUR_S},
  '7d': {title: '7 days', seconds: 7 * DAY_S, wide: 2 * HOUR_S, narrow: 6 * HOUR_S, tick: DAY_S},
  '14d': {title: '14 days', seconds: 14 * DAY_S, wide: 4 * HOUR_S, narrow: 12 * HOUR_S, tick: 2 * DAY_S},
  '90d': {title: '90 days', seconds: 90 * DAY_S, wide: DAY_S, narrow: 3 * DAY_S, tick: 15 * DAY_S},
};
export const DEPTHS = [1, 2, 3, 4];
const RANGE = '24h', DEPTH = 2;

const epoch = text => (/^\d{1,10}$/.test(text ?? '') ? Number(text) : undefined);

let shown = new URLSearchParams();

// Takes the address's parameters.
export function follow(query) {
  shown = query;
}

export function scope() {
  const depth = Number(shown.get('depth'));
  const from = epoch(shown.get('from')), until = epoch(shown.get('until'));
  return {
    range: RANGES[shown.get('range')] ? shown.get('range') : RANGE,
    depth: DEPTHS.includes(depth) ? depth : DEPTH,
    prefix: shown.get('prefix') ?? '',
    candidates: shown.get('candidates') === '1',
    cell: from < until ? {group: shown.get('group') ?? '', from, until} : undefined,
  };
}

// The address with some parameters changed; one that is undefined, empty or as usual is left out.
export function hashWith(changes) {
  const query = new URLSearchParams(shown);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '' || value === {range: RANGE, depth: DEPTH}[name]) query.delete(name);
    else query.set(name, value);
  }
  return `#${query}`;
}

export const wholeList = {group: undefined, from: undefined, until: undefined};
