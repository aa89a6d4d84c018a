// A slider beside a number's input, for options whose range is one to slide over. The number stays what counts: the
// slider writes it, and follows it while it is typed.
import {el} from './dom.js';
import {words} from './format.js';

const STOPS = 100;
const DIGITS = 2; // significant ones of what a sliding gives

// Ranges that begin below 1 span powers of ten: there every stop is a share of the value, not a step.
function scaleOf({type, min, max}) {
  if (type === 'integer' || min >= 1)
    return {stops: max - min, valueAt: stop => min + stop, stopAt: value => value - min};
  const ratio = Math.log(max / min);
  return {
    stops: STOPS,
    valueAt: stop => Number((min * Math.exp(ratio * stop / STOPS)).toPrecision(DIGITS)),
    stopAt: value => Math.log(value / min) / ratio * STOPS,
  };
}

// The slider for an option's `input`, or null for an option that has none.
export function sliderFor(option, input) {
  const {name, type, min} = option;
  if ((type !== 'number' && type !== 'integer') || min <= 0) return null;
  const {stops, valueAt, stopAt} = scaleOf(option);
  const slider = el('input', {
    type: 'range', min: 0, max: stops, step: 1, 'aria-label': `${words(name)}, by sliding`,
    oninput: () => {
      input.value = String(valueAt(slider.valueAsNumber));
      tell();
    },
  });
  const tell = () => { slider.ariaValueText = input.value; };
  const follow = () => {
    const stop = stopAt(Number(input.value));
    if (Number.isFinite(stop)) slider.value = String(Math.round(stop));
    tell();
  };
  input.addEventListener('input', follow);
  follow();
  return slider;
}
