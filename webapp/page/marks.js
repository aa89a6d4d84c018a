// The labels of what people did, on a chart. Marks too close for a label each share one, which tells them all to who
// points at it.
import {el, renew} from './dom.js';
import {clock} from './format.js';

const NARROWEST_PX = 72, WIDEST_PX = 160; // of a label
const GAP_PX = 6;                         // between two, and from the line to its text

// [{left, width, end, texts: [...]}] of [{x, text}]: none lies over another, or outside the area; one that is `end`
// stands left of its line.
export function labelsOf(marks, area) {
  const right = area.x + area.w, groups = [];
  for (const {x, text} of [...marks].sort((a, b) => a.x - b.x)) {
    const last = groups.at(-1), atEnd = right - x < NARROWEST_PX;
    if (last && x - last.x < (atEnd ? 2 * NARROWEST_PX : NARROWEST_PX)) last.texts.push(text);
    else groups.push({x, atEnd, texts: [text]});
  }
  return groups.map(({x, atEnd, texts}, i) => {
    const before = x - (groups[i - 1]?.x ?? area.x), next = groups[i + 1];
    const room = atEnd ? (groups[i - 1] ? before / 2 : before) : next ? (next.x - x) / (next.atEnd ? 2 : 1) : right - x;
    const width = Math.min(WIDEST_PX, room) - GAP_PX;
    return {left: atEnd ? x - width - GAP_PX : x + GAP_PX, width, end: atEnd, texts};
  });
}

const layers = new WeakMap(); // the node of a chart -> what holds its labels

// Puts the labels of marks [{x, at, text}] over the chart in `node`.
export function labelMarks(node, area, marks) {
  const layer = layers.get(node) ?? el('div', {class: 'marks'});
  layers.set(node, layer);
  if (layer.parentNode !== node) node.append(layer);
  const told = marks.map(({x, at, text}) => ({x, text: {at, text}}));
  const data = {labels: labelsOf(told, area), top: area.y};
  renew(layer, data, ({labels, top}) => labels.map(label => makeLabel(label, top)));
}

function makeLabel({left, width, end, texts}, top) {
  const title = texts.map(({at, text}) => `${clock(at)} ${text}`).join('\n');
  const node = el('span', {class: end ? 'end' : '', title},
    texts.length > 1 ? `${texts.length} marks` : texts[0].text);
  Object.assign(node.style, {left: `${left}px`, width: `${width}px`, top: `${top}px`});
  return node;
}
