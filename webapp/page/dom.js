// Every string becomes a text node or an attribute value, never markup: a metric's name comes from the wire and may
// hold anything.

// el('a', {class: 'name', href: '#', onclick: f}, 'text', [more], null): properties
// that start with "on" are listeners, `true` sets a bare attribute, null and false
// set nothing; children may be nested arrays.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  return append(node, children);
}

export function append(node, children) {
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return node;
}

export function replace(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

// Its children in this order. What stays in its place is not taken out: a click under way would be lost.
export function arrange(node, children) {
  children.forEach((child, i) => node.children[i] === child || node.insertBefore(child, node.children[i] ?? null));
  while (node.children[children.length]) node.lastChild.remove();
}

const made = new WeakMap(); // node -> the data that it was made of, as text

// Makes a node's children of `data`, anew only when these changed: a focus or a selection in it stays.
export function renew(node, data, make) {
  const text = JSON.stringify(data);
  if (made.get(node) === text) return;
  made.set(node, text);
  replace(node, make(data));
}

// Writes only what changed: a selection or a screen reader is left in peace.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Writes a metric's name, or a title of such, which breaks after its dots where it must.
export function setName(node, name) {
  if (node.textContent === name) return;
  replace(node, name.split(/(?<=\.)/).flatMap((part, i) => (i ? [el('wbr'), part] : part)));
}

export const byId = id => document.getElementById(id);

// Changes the page around what the reader looks at: `anchor` stays where it is on the screen, and so does the focus.
export function keepInPlace(anchor, change) {
  const focused = document.activeElement;
  const before = anchor?.getBoundingClientRect().top;
  change();
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({preventScroll: true});
  if (anchor?.isConnected) window.scrollBy({top: anchor.getBoundingClientRect().top - before, behavior: 'instant'});
}
