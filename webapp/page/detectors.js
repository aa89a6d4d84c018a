// Under a timeline, on its time axis: one lane for each detector, with its statistic against its threshold, the votes
// shaded, and where it abstains a grey ground. Above each stands what it said at the moment that is looked at.
import {el, replace, setText} from './dom.js';
import {number, words} from './format.js';
import {palette} from './paint.js';

const TOP = 2;        // the lane's height in thresholds: what is beyond leaves at the top
const GAP_SHARE = 40; // a silence longer than this part of the lane breaks the line
const NARROWEST_PX = 2;

export class DetectorLanes {
  constructor() {
    this.node = el('ol', {class: 'detector-lanes', 'aria-label': 'What each detector said'});
    this.lanes = [];
  }

  // Takes the lanes of /api/series. Their elements are made anew only when there are others.
  take(lanes) {
    const names = lanes.map(({detector}) => detector).join();
    if (names !== this.names) {
      this.names = names;
      this.parts = lanes.map(({detector}) => {
        const said = el('span', {class: 'found'}), canvas = el('canvas', {role: 'img'});
        const node = el('li', {}, el('span', {class: 'detector'}, words(detector)), said, canvas);
        return {said, canvas, node};
      });
      replace(this.node, this.parts.map(({node}) => node));
    }
    this.lanes = lanes;
  }

  // `area` is {x, w}, the pixels of the chart's plot; `range` what it shows.
  draw(area, range) {
    this.lanes.forEach((lane, i) => {
      const {canvas} = this.parts[i];
      const rows = lane.rows.filter(([t]) => t >= range.from && t <= range.until);
      const paper = paperOf(canvas);
      const x = t => area.x + (t - range.from) / (range.until - range.from) * area.w;
      drawLane(paper, {...lane, rows}, {x, height: canvas.clientHeight, area});
      canvas.setAttribute('aria-label', inWords(lane, rows));
    });
  }

  // Tells what each said at the last row at or before `t`; of none, its threshold.
  tell(t) {
    this.lanes.forEach(({rows, threshold}, i) => {
      const row = t === undefined ? undefined : rows.findLast(([at]) => at <= t);
      setText(this.parts[i].said, row ? rowInWords(row, threshold) : `threshold ${number(threshold)}`);
      this.parts[i].node.dataset.vote = row?.[2] ?? '';
    });
  }
}

// A canvas of the screen's own pixels, empty.
function paperOf(canvas) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  const paper = canvas.getContext('2d');
  paper.scale(ratio, ratio);
  return paper;
}

function drawLane(paper, {rows, threshold}, {x, height, area}) {
  const most = threshold === null ? Math.max(1e-9, ...rows.map(row => row[1] ?? 0)) : TOP * threshold;
  const y = value => height - 1 - Math.min(1, Math.max(0, value / most)) * (height - 2);
  for (const {vote, from, until} of runsOf(rows)) {
    if (vote === 'no') continue;
    paper.fillStyle = vote === 'yes' ? palette.span : palette.silent;
    paper.fillRect(x(from), 0, Math.max(NARROWEST_PX, x(until) - x(from)), height);
  }
  paper.strokeStyle = palette.line;
  paper.lineWidth = 1.2;
  paper.beginPath();
  let before;
  for (const [t, statistic] of rows) {
    if (statistic === null) {
      before = undefined;
      continue;
    }
    const breaks = before === undefined || x(t) - x(before) > area.w / GAP_SHARE;
    if (breaks) paper.moveTo(x(t), y(statistic));
    else paper.lineTo(x(t), y(statistic));
    before = t;
  }
  paper.stroke();
  if (threshold === null) return;
  paper.strokeStyle = palette.expected;
  paper.setLineDash([4, 3]);
  paper.beginPath();
  paper.moveTo(area.x, y(threshold));
  paper.lineTo(area.x + area.w, y(threshold));
  paper.stroke();
}

// Stretches of one vote, each to the begin of the next, or to its own last row before a gap.
function runsOf(rows) {
  const gap = rows.length && (rows.at(-1)[0] - rows[0][0]) / GAP_SHARE;
  const runs = [];
  for (const [t, , vote] of rows) {
    const run = runs.at(-1);
    if (run && t - run.until <= gap) run.until = t;
    if (run?.vote !== vote || run.until !== t) runs.push({vote, from: t, until: t});
  }
  return runs;
}

function rowInWords([, statistic, vote, reason], threshold) {
  if (vote === 'abstains') return `abstains (${reason})`;
  const against = threshold === null ? '' : ` of ${number(threshold)}`;
  return `${number(statistic, 3)}${against}${vote === 'yes' ? ': votes yes' : ''}`;
}

function inWords({detector, threshold}, rows) {
  const yes = rows.filter(row => row[2] === 'yes').length, silent = rows.filter(row => row[2] === 'abstains').length;
  const most = Math.max(...rows.map(row => row[1] ?? 0));
  const highest = rows.length ? `, highest ${number(most, 3)}` : '';
  return `${words(detector)}: threshold ${number(threshold)}${highest}; of ${rows.length} shown, ${yes} vote yes`
    + ` and ${silent} abstain`;
}
