// Addresses. The hash names the view by its first parameter, so that any view can be pasted: #metric=NAME,
// #metric=NAME&at=EPOCH, #incident=ID, #tune=GLOB, #tree=PREFIX, #find=QUERY, #find=QUERY&state=STATE, #health=,
// #history=TEXT&days=N, #act=ack&incident=ID&... (a message's link); every other hash is of the overview.

const hash = parameters => `#${new URLSearchParams(parameters)}`;

export const metricHash = (name, at) => hash(at ? {metric: name, at} : {metric: name});
export const incidentHash = id => hash({incident: id});
export const tuneHash = match => hash({tune: match});
export const treeHash = prefix => hash({tree: prefix});
export const historyHash = (text, days, candidates) => hash({history: text, days, ...(candidates && {candidates: 1})});
export const findHash = (query, state) => hash(state ? {find: query, state} : {find: query});

// A glob that matches exactly `name`.
export const literal = name => name.replace(/[*?[\]{}]/g, '[$&]');

let overview = '#';

// The overview as it was left.
export const overviewHash = () => overview;
export const rememberOverview = now => { overview = now || '#'; };
