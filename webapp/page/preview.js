// What a change of options would have changed: asked while a form is edited, told in a sentence and as lists of the
// anomalies that would not have opened and of new ones. One form is in view at a time, so one preview is asked for at a
// time: a newer one ends it, and so does leaving the view.
import {metricHash} from './address.js';
import {previewOverride} from './changes.js';
import {el, replace, setText} from './dom.js';
import {duration, number, time} from './format.js';
import {meanWidth} from './means.js';
import {scoreBadge} from './verdict.js';

const PAUSE_MS = 250;
const LISTED_MAX = 10;
const HOUR_S = 3600;

let timer, asked;

function stop() {
  clearTimeout(timer);
  asked?.abort();
  asked = undefined;
}

window.addEventListener('hashchange', stop);

// {sentence, lists: nodes for the form, ask(change), clear(words)}. `change` is a body of POST /api/preview; `onAnswer`
// is called with each answer, and with null when there is none any more.
export function previewPanel(onAnswer = () => {}) {
  const sentence = el('p', {class: 'preview', role: 'status'});
  const lists = el('div', {class: 'preview-lists'});
  const tell = (words, answer, failed = false) => {
    sentence.ariaBusy = 'false';
    sentence.classList.toggle('error', failed);
    setText(sentence, words);
    replace(lists, answer && [spanList('Would not have opened', answer.gone, answer.gone_total),
      spanList('New', answer.new, answer.new_total)]);
    onAnswer(answer);
  };
  const clear = (words = '') => {
    stop();
    tell(words, null, Boolean(words));
  };
  const ask = change => {
    stop();
    sentence.ariaBusy = 'true';
    setText(sentence, '');
    timer = setTimeout(() => fetchPreview(change, tell), PAUSE_MS);
  };
  return {sentence, lists, ask, clear};
}

async function fetchPreview(change, tell) {
  const mine = asked = new AbortController();
  try {
    const answer = await previewOverride(change, mine.signal);
    if (mine === asked) tell(inWords(answer), answer);
  } catch (error) {
    if (mine === asked) tell(`No preview: ${error.message}`, null, true);
  }
}

const anomalies = count => `${number(count)} ${count === 1 ? 'anomaly' : 'anomalies'}`;

// "Last 24 h: 41 anomalies → 6; 35 would not have opened, 0 are new."
export function inWords(answer) {
  const {before, after, gone_total: gone, new_total: fresh, metrics} = answer;
  if (!metrics) {
    return answer.truncated ? 'No preview: it takes too long.'
      : 'No preview: there are too few points to judge with these options.';
  }
  const change = `${anomalies(before.anomalies)} → ${number(after.anomalies)}; `
    + `${number(gone)} would not have opened, ${number(fresh)} ${fresh === 1 ? 'is' : 'are'} new.`;
  const width = answer.estimated && meanWidth(answer.resolution_s);
  const means = width ? `Where no raw points are left, estimated from ${width} means.` : '';
  return `${rangeInWords(answer)}: ${change} ${ofHowMany(answer)}${means}`.trim();
}

function rangeInWords({from, until, truncated, sampled_of: matched}) {
  const span = until - from;
  const words = span < 2 * HOUR_S || span > 48 * HOUR_S ? duration(span) : `${Math.round(span / HOUR_S)} h`;
  return truncated && matched === 1 ? `${words} of the stored points, before its time was up` : `Last ${words}`;
}

function ofHowMany({metrics, sampled_of: matched, warming_up: young}) {
  if (matched === 1) return '';
  const whole = metrics + young === matched;
  const judged = whole ? `${number(metrics)} metrics` : `a sample: ${number(metrics)} of ${number(matched)} metrics`;
  return `Judged on ${judged}${young ? `; ${number(young)} more have too few points` : ''}. `;
}

// The strongest of them. A link opens beside this page, so that what was typed stays.
function spanList(title, spans, total) {
  if (!total) return null;
  const rows = spans.slice(0, LISTED_MAX).map(({metric, start, end, score}) => el('li', {}, scoreBadge(score), ' ',
    el('a', {href: metricHash(metric, start), target: '_blank', rel: 'noopener'}, metric), ' ', time(start),
    `, ${duration(end - start)}`));
  const more = total - rows.length;
  return el('section', {}, el('h4', {}, `${title} `, el('span', {class: 'count'}, number(total))),
    el('ul', {}, rows), more > 0 && el('p', {class: 'hint'}, `and ${number(more)} more, no stronger than these`));
}
