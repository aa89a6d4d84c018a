// What the browser tests measure of the page, run in the page. Returns a list of sentences, one a fault.
const faults = [];

// ---- colours

// [r, g, b, a] of any CSS colour, as the browser itself reads it.
const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
const colours = new Map();
function rgba(text) {
  if (!colours.has(text)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    colours.set(text, [r, g, b, a / 255]);
  }
  return colours.get(text);
}

const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a)).concat(1);

// What is painted behind an element's content: the backgrounds of it and of all that it stands in.
function ground(node) {
  const stack = [];
  for (let at = node; at; at = at.parentElement) stack.push(rgba(getComputedStyle(at).backgroundColor));
  return stack.reverse().reduce((under, colour) => over(colour, under), rgba('Canvas'));
}

// WCAG 2.1, relative luminance and contrast ratio.
const channel = c => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

// ---- what is seen

function seen(node) {
  const box = node.getBoundingClientRect();
  return box.width > 1 && box.height > 1 && node.checkVisibility({opacityProperty: true, visibilityProperty: true});
}

function describe(node) {
  const classes = typeof node.className === 'string' ? node.className.trim() : '';
  return node.tagName.toLowerCase() + (node.id && `#${node.id}`) + (classes && `.${classes.replace(/\s+/g, '.')}`);
}

function checkText() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let checked = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION'].includes(node.tagName)) continue;
    if (!seen(node) || node.closest('.unseen, .skip')) continue;
    const style = getComputedStyle(node), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const under = ground(node), ratio = contrast(over(rgba(style.color), under), under);
    checked++;
    const enough = ratio >= (large ? 3 : 4.5);
    if (!enough) faults.push(`contrast ${ratio.toFixed(2)} of the text "${text.slice(0, 30)}" in ${describe(node)}`);
  }
  return checked;
}

// The boundary of what is operated must be seen: 3 to 1 against what is around it. A link's text is its own sign.
function checkBoundaries() {
  let checked = 0;
  for (const node of document.querySelectorAll('input, select, textarea, button')) {
    const style = getComputedStyle(node);
    if (!seen(node) || node.type === 'checkbox' || node.type === 'range') continue;
    checked++;
    const around = ground(node.parentElement), own = ground(node);
    const border = parseFloat(style.borderTopWidth) > 0 ? contrast(over(rgba(style.borderTopColor), around), around) : 1;
    const text = node.tagName === 'BUTTON' && node.textContent.trim() ? 21 : 1; // its words tell a button
    if (Math.max(border, text, contrast(own, around)) < 3) faults.push(`boundary ${border.toFixed(2)} of ${describe(node)}`);
  }
  return checked;
}

// ---- size

function checkWidth() {
  const {scrollWidth, clientWidth} = document.documentElement;
  if (scrollWidth > clientWidth) {
    const isWide = node => node.getBoundingClientRect().right > clientWidth + 1 && seen(node);
    const wide = [...document.querySelectorAll('body *')].filter(isWide);
    faults.push(`${scrollWidth} px of content in ${clientWidth}: ${wide.slice(0, 3).map(describe).join(', ')}`);
  }
}

const what = arguments[0];
if (what === 'contrast') {
  if (checkText() < 10) faults.push('hardly any text was there to be checked');
  checkBoundaries();
}
if (what === 'width') checkWidth();
return faults;
