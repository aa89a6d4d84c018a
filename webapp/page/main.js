// Joins the parts: the view that the address names (address.js), live events, and the keys.
import {literal, overviewHash, rememberOverview, tuneHash} from './address.js';
import {byId, el} from './dom.js';
import {hear, startLive} from './live.js';
import * as status from './status.js';

// Every view: `key` is the first parameter of its address, `section` the id of its section, which is made when the
// view is first shown. So is its module loaded, and its `styles`: it exports show(query), called whenever the address
// changes, hide(), when another view takes its place, and perhaps move(step), for a list, and clear(), for Escape.
// `nav` gives it a link at the top; the value of one that is `named` is a title.
const OVERVIEW = {key: '', section: 'overview', title: 'Overview', module: './overview.js', nav: true};
const VIEWS = [
  OVERVIEW,
  {key: 'metric', section: 'metric', title: 'Metric', module: './metric.js', named: true,
    styles: ['/charts.css', '/tune.css', '/metric.css']},
  {key: 'incident', section: 'incident', title: 'Incident', module: './incident.js',
    styles: ['/charts.css', '/incident.css']},
  {key: 'history', section: 'history', title: 'History', module: './history.js', styles: ['/find.css'], nav: true},
  {key: 'act', section: 'act', title: 'Incident', module: './act.js', styles: ['/incident.css']},
  {key: 'tune', section: 'tuning', title: 'Tuning', module: './tune.js', styles: ['/tune.css'], nav: true},
  {key: 'alerts', section: 'alerts', title: 'Alerts', module: './alerts.js', styles: ['/alerts.css'], nav: true},
  {key: 'tree', section: 'tree', title: 'Tree', module: './tree.js', styles: ['/tree.css'], nav: true},
  {key: 'health', section: 'health', title: 'Health', module: './health.js', styles: ['/health.css'], nav: true},
  {key: 'find', section: 'find', title: 'Metrics', module: './find.js', styles: ['/find.css']},
];

let shown; // the view; its `parts` are there once its module is
let left = {scroll: 0, focus: null}; // where the reader was in the overview
let surfaced = 0; // open anomalies that surface

const query = () => new URLSearchParams(location.hash.slice(1));
const viewOf = parameters => VIEWS.find(({key}) => key === parameters.keys().next().value) ?? OVERVIEW;

async function route() {
  const view = viewOf(query()), before = shown;
  if (before === OVERVIEW && view !== OVERVIEW) left = {scroll: window.scrollY, focus: document.activeElement};
  if (view === OVERVIEW) rememberOverview(location.hash);
  if (before && before !== view) before.parts?.hide();
  shown = view;
  dress();
  try {
    view.parts ??= await load(view);
  } catch {
    status.trouble('This view could not be loaded: Ridgeline does not answer.');
    return;
  }
  if (shown !== view) return;
  if (view !== OVERVIEW) window.scrollTo(0, 0);
  view.parts.show(query());
  if (view === OVERVIEW && before && before !== view) goBack();
}

async function load({module, styles = []}) {
  const [parts] = await Promise.all([import(module), ...styles.map(loadStyle)]);
  return parts;
}

const loadStyle = href => document.querySelector(`link[href="${href}"]`) ?? new Promise((resolve, reject) => {
  const link = el('link', {rel: 'stylesheet', href, onload: resolve, onerror: () => { link.remove(); reject(); }});
  document.head.append(link);
});

// The section that is seen, the link that is marked, and the title.
function dress() {
  if (!byId(shown.section)) byId('main').append(el('section', {id: shown.section, 'aria-label': shown.title}));
  for (const view of VIEWS) {
    if (byId(view.section)) byId(view.section).hidden = view !== shown;
    if (view.nav) byId(`nav-${view.section}`).ariaCurrent = view === shown ? 'page' : null;
  }
  title();
}

function goBack() {
  window.scrollTo({top: left.scroll, behavior: 'instant'});
  if (left.focus?.isConnected) left.focus.focus({preventScroll: true});
}

function title() {
  const name = shown.named ? query().get(shown.key) : shown === OVERVIEW ? 'Ridgeline' : shown.title;
  document.title = `${surfaced ? `(${surfaced}) ` : ''}${name}`;
}

function tellStatus(health) {
  status.tell(health);
  surfaced = Math.max(0, (health.open_anomalies ?? 0) - (health.budget?.candidates_open ?? 0));
  title();
}

const typing = target => target.closest('input, textarea, select, [contenteditable]');
const move = step => () => shown.parts?.move?.(step) ?? false;

// Each may return false: the key was of no use, and keeps its usual meaning.
const keys = {
  j: move(1),
  k: move(-1),
  ArrowDown: move(1),
  ArrowUp: move(-1),
  t() {
    location.hash = tuneHash(literal(query().get('metric') ?? ''));
  },
  '/': () => byId('search').focus(),
  '?': () => byId('help').showModal(),
  Escape() {
    if (shown === OVERVIEW) return shown.parts?.clear() ?? false;
    location.hash = overviewHash();
    return true;
  },
};

function keydown(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || byId('help').open) return;
  if (typing(event.target) && event.key !== 'Escape') return;
  if (keys[event.key] && keys[event.key]() !== false) event.preventDefault();
}

// The search is loaded when somebody goes to it; one that could not be is tried for again.
const whenSearched = load => byId('search').addEventListener('focus', load, {once: true});
const loadSearch = () => import('./search.js').then(({startSearch}) => startSearch(), () => whenSearched(loadSearch));

byId('views').append(...VIEWS.filter(({nav}) => nav).map(({key, section, title: text}) =>
  el('a', {id: `nav-${section}`, href: key ? `#${key}=` : '#'}, text)));
document.addEventListener('keydown', keydown);
window.addEventListener('hashchange', route);
byId('help-button').addEventListener('click', () => byId('help').showModal());
byId('help-close').addEventListener('click', () => byId('help').close());
byId('search').form.addEventListener('submit', event => event.preventDefault());
whenSearched(loadSearch);
hear('status', tellStatus);
hear('live', status.tellLive);
route();
startLive();
