// How a reader moves through a timeline. Pointer: drag to zoom, drag with shift (or with a finger) to pan, ctrl and
// the wheel to zoom where the pointer is, a click for a moment, a double click for everything. Keys, while the chart
// has the focus: + and - zoom, the arrows move from point to point and with shift pan, Home and End go to the first
// and last point shown, 0 shows everything.

const CLICK_PX = 4; // a pointer that moved less was a click
const PAN_SHARE = 0.25;
const WHEEL_FACTOR = 1.25;

// `plot` is the focusable chart, `box` the element that marks what a drag selects.
export function listenTo(timeline, plot, box) {
  let drag;
  const select = (x, width) => {
    box.hidden = width < CLICK_PX;
    Object.assign(box.style, {left: `${x - plot.getBoundingClientRect().left}px`, width: `${width}px`});
  };
  const shifted = event => {
    const {from, until} = drag.range;
    const by = (drag.x - event.clientX) * timeline.secondsPerPixel();
    return {from: from + by, until: until + by};
  };
  const end = () => {
    drag = undefined;
    box.hidden = true;
  };

  plot.addEventListener('pointerdown', event => {
    if (event.button || event.ctrlKey) return;
    drag = {x: event.clientX, range: timeline.range(), pans: event.shiftKey || event.pointerType === 'touch'};
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener('pointermove', event => {
    if (!drag) return;
    if (drag.pans) timeline.glance(shifted(event));
    else select(Math.min(drag.x, event.clientX), Math.abs(drag.x - event.clientX));
  });
  plot.addEventListener('pointerup', event => {
    if (!drag) return;
    const [first, last] = [drag.x, event.clientX].sort((a, b) => a - b).map(x => timeline.timeAt(x));
    if (Math.abs(drag.x - event.clientX) < CLICK_PX) timeline.pick(timeline.timeAt(event.clientX));
    else if (drag.pans) timeline.go(shifted(event));
    else timeline.go({from: first, until: last});
    end();
  });
  plot.addEventListener('pointercancel', () => {
    timeline.glance(drag?.range ?? timeline.range());
    end();
  });
  plot.addEventListener('dblclick', () => timeline.showAll());
  plot.addEventListener('wheel', event => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    timeline.zoom(event.deltaY > 0 ? WHEEL_FACTOR : 1 / WHEEL_FACTOR, timeline.timeAt(event.clientX));
  }, {passive: false});
  plot.addEventListener('keydown', event => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(timeline, event.shiftKey);
  });
}

const KEYS = {
  '+': timeline => timeline.zoom(1 / 2),
  '=': timeline => timeline.zoom(1 / 2),
  '-': timeline => timeline.zoom(2),
  ArrowLeft: (timeline, shift) => (shift ? timeline.pan(-PAN_SHARE) : timeline.step(-1)),
  ArrowRight: (timeline, shift) => (shift ? timeline.pan(PAN_SHARE) : timeline.step(1)),
  Home: timeline => timeline.step(-Infinity),
  End: timeline => timeline.step(Infinity),
  0: timeline => timeline.showAll(),
};
