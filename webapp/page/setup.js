// What to do while nothing arrives: lines to copy, with the addresses that this Ridgeline listens on.
import {byId, el, replace} from './dom.js';

let setupFor; // the addresses that the set-up text names

// Shows what to do, for as long as no metric but Ridgeline's own has arrived.
export function tellSetup({settings, site_metrics: site}) {
  const node = byId('setup');
  node.hidden = !settings || site !== 0;
  const key = JSON.stringify(settings);
  if (node.hidden || key === setupFor) return;
  setupFor = key;
  replace(node, setupText(...['carbon_line', 'carbon_pickle', 'statsd'].map(name => reachable(settings[name]))));
}

// An address to send to: one that stands for every interface is the host that served this page.
function reachable(address) {
  return address?.replace(/^(0\.0\.0\.0|\[::\]):/, `${location.hostname}:`) ?? null;
}

// "HOST:PORT" as its two parts, an IPv6 host without brackets.
function hostAndPort(address) {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), address.slice(colon + 1)];
}

function setupText(line, pickle, statsd) {
  const [host, port] = line ? hostAndPort(line) : [];
  const [statsdHost, statsdPort] = statsd ? hostAndPort(statsd) : [];
  return [
    el('h2', {}, 'Nothing has arrived yet'),
    line && step('Send one point by hand:', `echo "test.ridgeline 42 $(date +%s)" | nc -w 1 ${host} ${port}`),
    pickle && step('carbon-relay: one more destination, in carbon.conf and relay-rules.conf, beside your carbon-cache:',
      `# carbon.conf\n[relay]\nRELAY_METHOD = rules\nDESTINATIONS = 127.0.0.1:2004, ${pickle}\n\n# relay-rules.conf\n` +
      `[default]\ndefault = true\ndestinations = 127.0.0.1:2004, ${pickle}`),
    line && step('carbon-c-relay: one more cluster, before the matches that stop:',
      `cluster ridgeline\n    forward\n        ${line}\n    ;\nmatch *\n    send to ridgeline\n    ;`),
    statsd && step(`StatsD clients can send to ${statsd}, over UDP or TCP; or your StatsD repeats what it receives:`,
      'backends: ["./backends/graphite", "./backends/repeater"],\n' +
      `repeater: [{host: "${statsdHost}", port: ${statsdPort}}]`),
    !line && !pickle && !statsd && el('p', {},
      'Every listener is switched off: set horizon.carbon_line, horizon.carbon_pickle or statsd.listen in ' +
      'settings.conf.'),
  ];
}

const step = (what, text) => [el('p', {}, what), el('pre', {tabindex: 0}, text)];
