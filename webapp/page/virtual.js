// A list of thousands, of which only what is near the view is in the document. Items stand in blocks: a far one is
// empty and keeps its height, which is guessed until it was seen.
import {el, keepInPlace} from './dom.js';

const BLOCK = 20;
const NEAR = '600px';

// `make(item)` gives an item's node, `update(node, item)` brings it up to date. `anchor()` gives the node that must not
// move on the screen. The result's `set(items)` shows items, each with an `id`, in this order, `show(id)` puts one's
// node into the document whether it is near or not, and `ids()` tells the order.
export function virtualList(root, {make, update, anchor}) {
  const nodes = new Map(); // id -> node, of what is in the document
  let items = [], blocks = [], rowHeight = 60;

  // In a view that is hidden nothing is near: it stays as it is.
  const nearView = new IntersectionObserver(entries => {
    if (!root.checkVisibility()) return;
    for (const {target, isIntersecting} of entries) {
      const block = blocks.find(({node}) => node === target);
      if (block) block.near = isIntersecting;
    }
    keepInPlace(anchor(), render);
  }, {rootMargin: `${NEAR} 0px`});

  const itemsOf = i => items.slice(i * BLOCK, (i + 1) * BLOCK);

  function fill(block, i) {
    const wanted = itemsOf(i).map((item, j) => {
      let node = nodes.get(item.id);
      if (node) update(node, item);
      else nodes.set(item.id, node = make(item));
      node.ariaPosInSet = i * BLOCK + j + 1;
      node.ariaSetSize = items.length;
      return node;
    });
    block.node.style.height = '';
    block.filled = true;
    place(block.node, wanted);
    return wanted;
  }

  function blank(block, i) {
    if (block.filled && block.node.children.length === BLOCK) rowHeight = block.height / BLOCK;
    block.filled = false;
    block.node.replaceChildren();
    block.node.style.height = `${Math.round(itemsOf(i).length * rowHeight)}px`;
  }

  function render() {
    const wasFocused = document.activeElement;
    for (const block of blocks) if (block.filled) block.height = block.node.offsetHeight;
    const isKept = (block, i) => block.near || itemsOf(i).some(({id}) => nodes.get(id)?.contains(wasFocused));
    const kept = new Set(blocks.filter(isKept));
    const used = new Set(blocks.flatMap((block, i) => (kept.has(block) ? fill(block, i) : [])));
    blocks.forEach((block, i) => { if (!kept.has(block)) blank(block, i); });
    for (const [id, node] of nodes) if (!used.has(node)) nodes.delete(id);
  }

  function set(wanted) {
    items = wanted;
    const count = Math.ceil(items.length / BLOCK);
    while (blocks.length > count) {
      const {node} = blocks.pop();
      nearView.unobserve(node);
      node.remove();
    }
    while (blocks.length < count) {
      const node = el('div', {class: 'block', role: 'none'});
      blocks.push({node, near: blocks.length === 0, filled: false, height: 0});
      root.append(node);
      nearView.observe(node);
    }
    render();
  }

  function show(id) {
    const i = Math.floor(items.findIndex(item => item.id === id) / BLOCK);
    if (i >= 0 && !blocks[i].filled) fill(blocks[i], i);
    return nodes.get(id);
  }

  root.setAttribute('role', 'list');
  return {set, show, ids: () => items.map(({id}) => id)};
}

// Moves only the nodes that stand in the wrong place.
function place(parent, wanted) {
  const keep = new Set(wanted);
  for (const node of [...parent.children]) if (!keep.has(node)) node.remove();
  let at = parent.firstElementChild;
  for (const node of wanted) {
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
}
