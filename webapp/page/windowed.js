// Rows of one height, of which only those near the view are in the document: a list of 250,000 costs what is on the
// screen. The whole page scrolls; rows stand at their place by a transform.
import {el} from './dom.js';

const SPARE = 12; // rows beyond the view, on both sides

// `make()` gives an empty row, `fill(row, i)` makes it the i-th, and `onRange(first, end)`, where given, is told what is
// near the view. The result's `set(n)` says how many there are and fills those near the view anew, `show(i)` brings one
// into view and gives its row. `pause()` and `resume()` are for a view that is hidden and shown again.
export function windowed(root, {make, fill, onRange}) {
  const rows = new Map(); // i -> row
  const probe = el('div', {class: 'probe', 'aria-hidden': 'true'});
  let count = 0, height = 0, due = false, paused = false;
  root.classList.add('windowed');
  root.append(probe);

  function near() {
    const top = -root.getBoundingClientRect().top;
    const at = pixels => Math.min(count, Math.max(0, Math.floor(pixels / height)));
    return [Math.max(0, at(top) - SPARE), Math.min(count, at(top + innerHeight) + 1 + SPARE)];
  }

  function put(i, anew) {
    const known = rows.get(i);
    const row = known ?? make();
    if (!known) {
      rows.set(i, row);
      row.style.transform = `translateY(${i * height}px)`;
      root.append(row);
    }
    if (!known || anew) fill(row, i);
    return row;
  }

  function render(anew) {
    if (paused) return;
    const [first, end] = near();
    for (const [i, row] of rows) {
      if (i < count && ((i >= first && i < end) || row.contains(document.activeElement))) continue;
      row.remove();
      rows.delete(i);
    }
    for (let i = first; i < end; i++) put(i, anew);
    onRange?.(first, end);
  }

  // Another size of text, or a narrower window, may have changed the height of a row.
  function measure() {
    const now = probe.offsetHeight || height || 32;
    if (now === height) return;
    height = now;
    for (const [i, row] of rows) row.style.transform = `translateY(${i * height}px)`;
    root.style.height = `${count * height}px`;
  }

  const changed = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      if (!paused) measure();
      render(false);
    });
  };
  addEventListener('scroll', changed, {passive: true});
  addEventListener('resize', changed);

  return {
    set(n) {
      count = n;
      measure();
      root.style.height = `${count * height}px`;
      render(true);
    },
    show(i) {
      const top = root.getBoundingClientRect().top + i * height;
      const above = document.querySelector('.top').offsetHeight;
      if (top < above) scrollBy({top: top - above, behavior: 'instant'});
      else if (top + height > innerHeight) scrollBy({top: top + height - innerHeight, behavior: 'instant'});
      render(false);
      return rows.get(i);
    },
    pause() { paused = true; },
    resume() {
      paused = false;
      changed();
    },
  };
}
