// Rows of one height, of which only those near the view are in the document: a list of 250,000 costs what is on the
// screen. The whole page scrolls; rows stand at their place by a transform.
import {el} from './dom.js';

const SPARE = 12; // rows beyond the view, on both sides

export class Windowed {
  // `make()` gives an empty row, `fill(row, i)` makes it the i-th, and `onRange(first, end)`, where given, is told what
  // is near the view.
  constructor(root, {make, fill, onRange}) {
    Object.assign(this, {root, make, fill, onRange});
    this.rows = new Map(); // i -> row
    this.probe = el('div', {class: 'probe', 'aria-hidden': 'true'});
    this.count = this.height = 0;
    this.due = this.paused = false;
    root.classList.add('windowed');
    root.append(this.probe);
    addEventListener('scroll', () => this.changed(), {passive: true});
    addEventListener('resize', () => this.changed());
  }

  // Says how many there are, and fills those near the view anew.
  set(n) {
    this.count = n;
    this.measure();
    this.root.style.height = `${n * this.height}px`;
    this.render(true);
  }

  // Brings one into view and gives its row.
  show(i) {
    const {height} = this;
    const top = this.root.getBoundingClientRect().top + i * height;
    const above = document.querySelector('.top').offsetHeight;
    if (top < above) scrollBy({top: top - above, behavior: 'instant'});
    else if (top + height > innerHeight) scrollBy({top: top + height - innerHeight, behavior: 'instant'});
    this.render(false);
    return this.rows.get(i);
  }

  // For a view that is hidden, and shown again.
  pause() {
    this.paused = true;
  }

  resume() {
    this.paused = false;
    this.changed();
  }

  changed() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      if (!this.paused) this.measure();
      this.render(false);
    });
  }

  // Another size of text, or a narrower window, may have changed the height of a row.
  measure() {
    const now = this.probe.offsetHeight || this.height || 32;
    if (now === this.height) return;
    this.height = now;
    for (const [i, row] of this.rows) row.style.transform = `translateY(${i * now}px)`;
    this.root.style.height = `${this.count * now}px`;
  }

  near() {
    const top = -this.root.getBoundingClientRect().top;
    const at = pixels => Math.min(this.count, Math.max(0, Math.floor(pixels / this.height)));
    return [Math.max(0, at(top) - SPARE), Math.min(this.count, at(top + innerHeight) + 1 + SPARE)];
  }

  render(anew) {
    if (this.paused) return;
    const [first, end] = this.near();
    for (const [i, row] of this.rows) {
      if (i < this.count && ((i >= first && i < end) || row.contains(document.activeElement))) continue;
      row.remove();
      this.rows.delete(i);
    }
    for (let i = first; i < end; i++) this.put(i, anew);
    this.onRange?.(first, end);
  }

  put(i, anew) {
    const known = this.rows.get(i);
    const row = known ?? this.make();
    if (!known) {
      this.rows.set(i, row);
      row.style.transform = `translateY(${i * this.height}px)`;
      this.root.append(row);
    }
    if (!known || anew) this.fill(row, i);
  }
}
