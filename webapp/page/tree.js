// The metrics as a tree of the parts of their names, with how many there are and how they do: #tree=PREFIX. Levels are
// asked for when they are opened. The keys are those of the ARIA tree pattern; the tree has the focus and names the
// active row, because rows come and go with the view.
import {metricHash, treeHash} from './address.js';
import {get} from './api.js';
import {byId, el, replace, setText} from './dom.js';
import {number, plural} from './format.js';
import {Windowed} from './windowed.js';

const LEVEL_MAX = 10_000; // children of one node: the most that the API gives
const REFRESH_MS = 10_000;
const TYPING_MS = 800;    // so long letters make one word

const root = {name: '', level: 0, open: true, children: null};
let nodes = [];    // those that are seen, in order
let active = 0;    // which of them the keys act on
let range = [0, 0];
let shown = false;
let parts;         // the section's, made when it is first shown
let typed = {text: '', at: 0};

function makeParts() {
  const tree = el('div', {id: 'tree-rows', role: 'tree', tabindex: 0,
    'aria-label': 'Metrics by the parts of their names', onkeydown: keydown, onclick: click});
  const said = el('p', {class: 'found', role: 'status'});
  replace(byId('tree'), el('h2', {}, 'Tree'), said, tree);
  parts = {tree, said, rows: new Windowed(tree, {make: () => el('div', {class: 'twig', role: 'treeitem'}), fill,
    onRange: (first, end) => { range = [first, end]; }})};
}

const isBranch = ({metrics, leaf}) => metrics > Number(leaf);

function fill(row, i) {
  const node = nodes[i];
  row.id = `twig-${i}`;
  row.dataset.at = i;
  row.style.setProperty('--level', node.level);
  row.ariaLevel = node.level;
  row.ariaPosInSet = node.place;
  row.ariaSetSize = node.of;
  row.ariaExpanded = node.more === undefined && isBranch(node) ? String(Boolean(node.open)) : null;
  row.ariaSelected = String(i === active);
  if (node.more !== undefined) {
    replace(row, el('span', {class: 'none'}, `… and ${number(node.more)} more: use the search`));
    return;
  }
  const fold = isBranch(node) ? (node.open ? '▾' : '▸') : '';
  replace(row, el('span', {class: 'fold', 'aria-hidden': 'true'}, fold), nameOf(node), facts(node));
}

function nameOf({name, part, leaf}) {
  const text = part || '(empty)';
  return leaf ? el('a', {class: 'part', href: metricHash(name), tabindex: -1, title: name}, text)
    : el('span', {class: 'part', title: name}, text);
}

// Of a single metric in words, of many with their number.
function facts(node) {
  const one = node.metrics === 1;
  const fact = (count, what, kind) =>
    count > 0 && el('span', {class: kind}, one && !isBranch(node) ? what : `${number(count)} ${what}`);
  return [fact(node.anomalous, 'anomalous', 'bad'), fact(node.warming_up, 'warming up', 'some'),
    fact(node.stale, 'silent', 'some'), isBranch(node) && el('span', {class: 'size'}, plural(node.metrics, 'metric'))];
}

// ---- what is seen

function flatten() {
  const seen = [];
  const visit = ({children, open}) => {
    if (open) children?.forEach(child => { seen.push(child); visit(child); });
  };
  visit(root);
  nodes = seen;
}

function draw() {
  const before = nodes[active];
  flatten();
  active = Math.max(0, Math.min(nodes.length - 1, before ? nodes.indexOf(before) : active));
  parts.rows.set(nodes.length);
  tellActive();
}

function tellActive() {
  if (nodes.length) parts.tree.setAttribute('aria-activedescendant', `twig-${active}`);
  else parts.tree.removeAttribute('aria-activedescendant');
}

// Takes the children that the API has now; those known already stay as open as they are.
async function load(node) {
  try {
    const {children, total} = await get('/api/tree', {prefix: node.name || undefined, limit: LEVEL_MAX});
    const known = new Map(node.children?.map(child => [child.name, child]));
    node.children = children.map((child, i) => Object.assign(known.get(child.name) ?? {}, child,
      {level: node.level + 1, place: i + 1, of: total, parent: node}));
    if (total > children.length)
      node.children.push({more: total - children.length, name: `${node.name}.`, level: node.level + 1,
        place: children.length + 1, of: total, parent: node});
    setText(parts.said, node === root && !total ? 'No metric has arrived yet.' : '');
  } catch (error) {
    setText(parts.said, error.message);
  }
}

async function unfold(node, open = !node.open) {
  if (node.more !== undefined || !isBranch(node)) return;
  if (open && !node.children) await load(node);
  node.open = open && Boolean(node.children);
  draw();
}

// ---- the active row, which the address follows

function activate(i) {
  if (i < 0 || i >= nodes.length) return;
  byId(`twig-${active}`)?.setAttribute('aria-selected', 'false');
  active = i;
  parts.rows.show(i)?.setAttribute('aria-selected', 'true');
  tellActive();
  history.replaceState(history.state, '', treeHash(nodes[i].name));
}

function click(event) {
  const row = event.target.closest('.twig');
  if (!row || event.target.closest('a')) return;
  activate(Number(row.dataset.at));
  unfold(nodes[active]);
}

const keys = {
  ArrowDown: () => activate(active + 1),
  ArrowUp: () => activate(active - 1),
  Home: () => activate(0),
  End: () => activate(nodes.length - 1),
  ArrowRight(node) {
    if (node.more === undefined && isBranch(node) && !node.open) unfold(node, true);
    else if (node.open && node.children?.length) activate(active + 1);
  },
  ArrowLeft(node) {
    if (node.open) unfold(node, false);
    else activate(nodes.indexOf(node.parent));
  },
  Enter(node) {
    if (node.leaf) location.hash = metricHash(node.name);
    else unfold(node);
  },
  ' ': node => unfold(node),
  '*': async ({parent}) => {
    const isClosed = child => child.more === undefined && isBranch(child) && !child.open;
    const closed = parent.children.filter(isClosed).slice(0, 50);
    await Promise.all(closed.map(child => child.children || load(child)));
    for (const child of closed) child.open = Boolean(child.children);
    draw();
  },
};

function keydown(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !nodes.length) return;
  const key = keys[event.key];
  if (key) key(nodes[active]);
  else if (event.key.length !== 1 || event.key === '/' || event.key === '?') return;
  else typeAhead(event.key);
  event.preventDefault();
}

// To the next row whose part begins with what was typed.
function typeAhead(letter) {
  const now = Date.now();
  const text = (now - typed.at < TYPING_MS ? typed.text : '') + letter.toLowerCase();
  typed = {text, at: now};
  const from = active + (text.length === 1 ? 1 : 0);
  const order = nodes.map((_, i) => (from + i) % nodes.length);
  const found = order.find(i => nodes[i].part?.toLowerCase().startsWith(text));
  if (found !== undefined) activate(found);
}

// ---- the view

// Opens all that lies above `name`, and makes it, or the last that there is on the way, the active one.
async function reveal(name) {
  if (!root.children) await load(root);
  const leadsThere = child => child.more === undefined && (name === child.name || name.startsWith(`${child.name}.`));
  let node = root;
  for (let next; (next = node.children?.find(leadsThere));) {
    node = next;
    if (!isBranch(node)) break;
    if (!node.children) await load(node);
    node.open = Boolean(node.children);
    if (node.name === name) break;
  }
  draw();
  if (!shown || node === root) return;
  active = nodes.indexOf(node);
  parts.rows.set(nodes.length);
  parts.rows.show(active);
  tellActive();
}

async function refresh() {
  const seen = new Set(nodes.slice(...range).map(({parent}) => parent));
  await Promise.all([root, ...seen].filter((node, i, all) => all.indexOf(node) === i).map(load));
  if (shown) draw();
}

setInterval(() => { if (shown && !document.hidden) refresh(); }, REFRESH_MS);

export function show(query) {
  if (!parts) makeParts();
  shown = true;
  parts.rows.resume();
  reveal(query.get('tree') ?? '').then(() => shown && parts.tree.focus({preventScroll: true}));
}

export function hide() {
  shown = false;
  parts.rows.pause();
}
