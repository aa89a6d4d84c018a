// Who is told of what, and what is muted: the channels and alerts of settings.conf, and its mutes and those of the
// page, with a form for a single mute.
import {get} from './api.js';
import {removeMute, saveMute} from './changes.js';
import {byId, el, replace, setText} from './dom.js';
import {durationText, parseDuration} from './durations.js';
import {clock, plural} from './format.js';
import {whenBack} from './live.js';

const MEANINGS = {
  notify: 'sends no message',
  open: 'opens nothing',
  learn: 'is not learnt from',
};
const NAME_BYTES = 32;

let section, list, told;

export function show(query) {
  if (!section) build();
  if (query.get('alerts')) section.querySelector('[name=match]').value = query.get('alerts');
  tell();
}

export function hide() {}

function build() {
  section = byId('alerts');
  list = el('div');
  told = el('div');
  replace(section, el('h2', {}, 'Mutes'), list, form(), told);
}

async function tell() {
  try {
    const [{mutes}, {channels, alerts}] = await Promise.all([get('/api/mutes'), get('/api/alerts')]);
    replace(list, mutes.length ? table(['What is muted', 'How', 'When', 'Name', ''], mutes.map(muteRow), 'mutes')
      : el('p', {class: 'none'}, 'Nothing is muted.'));
    replace(told, el('h2', {}, 'Alerts'), alerts.length
      ? table(['Name', 'Channels', 'Metrics', 'That are', 'From score', 'Lasting', 'One message for'],
        alerts.map(alertRow))
      : [el('p', {class: 'none'}, 'No alert: nobody is told of anything. To be told by mail, say to whom in ',
        'settings.conf, send the ridgeline process a SIGHUP, and try it with ',
        el('code', {}, 'ridgeline test-channel'), ':'), el('pre', {}, EXAMPLE)],
    el('h2', {}, 'Channels'), channels.length
      ? table(['Name', 'Type', 'At most'], channels.map(({name, type, rate_limit: limit}) => row(name, type, limit)))
      : el('p', {class: 'none'}, 'None: a channel is a way to send what an alert tells.'));
  } catch (error) {
    replace(list, el('p', {class: 'error'}, error.message));
    whenBack(error, () => !section.hidden && tell());
  }
}

const EXAMPLE = `channels = (
  { name = "ops"; type = "mail"; to = "ops@example.org"; from = "ridgeline@example.org"; }
);
alerts = ( { name = "all"; channels = "ops"; } );`;

const row = (...cells) => el('tr', {}, cells.map(cell => el('td', {}, cell)));

function table(heads, rows, kind) {
  return el('div', {class: 'wide', tabindex: 0}, el('table', {class: kind},
    el('thead', {}, el('tr', {}, heads.map(head => el('th', {scope: 'col'}, head)))), el('tbody', {}, rows)));
}

// "FREQ=DAILY;BYHOUR=2, each for 90m, Europe/Berlin", "until 24 Dec 18:00", "always".
function whenText({from, until, rrule, duration, timezone}) {
  const zoned = (from || until || rrule) && timezone !== 'UTC' ? timezone : '';
  const parts = [from && `from ${moment(from)}`, until && `until ${moment(until)}`, rrule,
    duration !== '0s' && `for ${duration}`, zoned];
  return parts.filter(Boolean).join(', ') || 'always';
}

const moment = text => (text.endsWith('Z') && !Number.isNaN(Date.parse(text)) ? clock(Date.parse(text) / 1000) : text);

function muteRow(mute) {
  const trouble = el('span', {class: 'error', role: 'status'});
  const remove = () => removeMute(mute.name).then(tell, error => setText(trouble, error.message));
  return el('tr', {class: mute.active && 'active'}, [
    mute.match.join(', '), `${MEANINGS[mute.what]}${mute.active ? ', now' : ''}`, whenText(mute), mute.name,
    mute.source === 'page'
      ? [el('button', {type: 'button', 'aria-label': `Remove ${mute.name}`, onclick: remove}, 'Remove'), trouble]
      : 'settings.conf',
  ].map(cell => el('td', {}, cell)));
}

// "each incident", "all of a prefix of 2 parts", "all of them".
function oneFor(by) {
  const parts = Number(by.split(':')[1]);
  return parts ? `all of a prefix of ${plural(parts, 'part')}` : by === 'alert' ? 'all of them' : 'each incident';
}

const alertRow = ({name, match, states, channels, group_by: by, min_score: score, min_duration_s: lasting}) =>
  row(name, channels.join(', '), match.join(', '), states.join(', '), score || 'as it surfaces',
    lasting ? durationText(lasting) : 'at once', oneFor(by));

function field(label, input) {
  return el('label', {}, label, input);
}

function form() {
  const match = el('input', {name: 'match', required: true, spellcheck: 'false', placeholder: 'shop.**'});
  const lasts = el('input', {name: 'lasts', required: true, value: '2h', size: 6, spellcheck: 'false'});
  const what = el('select', {name: 'what'},
    Object.entries(MEANINGS).map(([value, text]) => el('option', {value}, text)));
  const said = el('span', {role: 'status'});
  const submit = async event => {
    event.preventDefault();
    const seconds = parseDuration(lasts.value);
    if (!seconds) {
      setText(said, 'For how long? Such as 90m, 2h or 1d.');
      return;
    }
    const now = Date.now(), until = new Date(now + seconds * 1000);
    try {
      await saveMute({name: `page-${now}`.slice(0, NAME_BYTES), match: match.value.trim(), what: what.value,
        from: stamp(new Date(now)), until: stamp(until)});
      setText(said, `Muted until ${clock(until.getTime() / 1000)}.`);
      match.value = '';
      tell();
    } catch (error) {
      setText(said, error.message);
    }
  };
  return el('form', {class: 'mute', onsubmit: submit}, field('Mute ', match), field('for ', lasts),
    field('so that it ', what), el('button', {}, 'Mute'), said);
}

const stamp = date => date.toISOString().replace(/\.\d+Z$/, 'Z');
