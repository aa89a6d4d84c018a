// A list of thousands, of which only what is near the view is in the document. Items stand in blocks: a far one is
// empty and keeps its height, which is guessed until it was seen.
import {el, keepInPlace} from './dom.js';

const BLOCK = 20;
const NEAR = '600px';

export class VirtualList {
  // `make(item)` gives an item's node, `update(node, item)` brings it up to date. `anchor()` gives the node that must
  // not move on the screen.
  constructor(root, {make, update, anchor}) {
    Object.assign(this, {root, make, update, anchor});
    this.nodes = new Map(); // id -> node, of what is in the document
    this.items = [];
    this.blocks = [];
    this.rowHeight = 60;
    this.nearView = new IntersectionObserver(entries => this.moved(entries), {rootMargin: `${NEAR} 0px`});
    root.setAttribute('role', 'list');
  }

  // Shows items, each with an `id`, in this order.
  set(items) {
    this.items = items;
    const {blocks, nearView} = this, count = Math.ceil(items.length / BLOCK);
    while (blocks.length > count) {
      const {node} = blocks.pop();
      nearView.unobserve(node);
      node.remove();
    }
    while (blocks.length < count) {
      const node = el('div', {class: 'block', role: 'none'});
      blocks.push({node, near: blocks.length === 0, filled: false, height: 0});
      this.root.append(node);
      nearView.observe(node);
    }
    this.render();
  }

  // Puts one's node into the document, whether it is near or not, and gives it.
  show(id) {
    const i = Math.floor(this.items.findIndex(item => item.id === id) / BLOCK);
    if (i >= 0 && !this.blocks[i].filled) this.fill(this.blocks[i], i);
    return this.nodes.get(id);
  }

  // In their order.
  ids() {
    return this.items.map(({id}) => id);
  }

  // In a view that is hidden nothing is near: it stays as it is.
  moved(entries) {
    if (!this.root.checkVisibility()) return;
    for (const {target, isIntersecting} of entries) {
      const block = this.blocks.find(({node}) => node === target);
      if (block) block.near = isIntersecting;
    }
    keepInPlace(this.anchor(), () => this.render());
  }

  render() {
    const {blocks, nodes} = this, wasFocused = document.activeElement;
    for (const block of blocks) if (block.filled) block.height = block.node.offsetHeight;
    const isKept = (block, i) => block.near || this.itemsOf(i).some(({id}) => nodes.get(id)?.contains(wasFocused));
    const kept = new Set(blocks.filter(isKept));
    const used = new Set(blocks.flatMap((block, i) => (kept.has(block) ? this.fill(block, i) : [])));
    blocks.forEach((block, i) => { if (!kept.has(block)) this.blank(block, i); });
    for (const [id, node] of nodes) if (!used.has(node)) nodes.delete(id);
  }

  itemsOf(i) {
    return this.items.slice(i * BLOCK, (i + 1) * BLOCK);
  }

  fill(block, i) {
    const wanted = this.itemsOf(i).map((item, j) => {
      const node = this.nodeOf(item);
      node.ariaPosInSet = i * BLOCK + j + 1;
      node.ariaSetSize = this.items.length;
      return node;
    });
    block.node.style.height = '';
    block.filled = true;
    place(block.node, wanted);
    return wanted;
  }

  nodeOf(item) {
    const known = this.nodes.get(item.id), node = known ?? this.make(item);
    if (known) this.update(node, item);
    else this.nodes.set(item.id, node);
    return node;
  }

  blank(block, i) {
    if (block.filled && block.node.children.length === BLOCK) this.rowHeight = block.height / BLOCK;
    block.filled = false;
    block.node.replaceChildren();
    block.node.style.height = `${Math.round(this.itemsOf(i).length * this.rowHeight)}px`;
  }
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
