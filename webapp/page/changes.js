// What the page changes, of the HTTP API. Apart from api.js: the overview changes nothing.
import {path, request} from './api.js';

let token;

// A change carries the token, which a page of another origin cannot read. A restarted
// server has a new one: ask again, once.
async function change(method, url, body, signal) {
  token ??= (await request('GET', '/api/token')).token;
  try {
    return await request(method, url, {body, token, signal});
  } catch (error) {
    if (error.status !== 403) throw error;
    token = (await request('GET', '/api/token')).token;
    return request(method, url, {body, token, signal});
  }
}

export const saveOverride = (match, options) => change('POST', '/api/overrides', {match, options});
export const undoOverride = entry => change('POST', '/api/overrides/undo', {entry});
export const saveMute = mute => change('POST', '/api/mutes', mute);
export const removeMute = name => change('DELETE', path('/api/mutes', {name}));
export const previewOverride = (body, signal) => change('POST', '/api/preview', body, signal);
export const sayOfIncident = entry => change('POST', '/api/incident/desk', entry);
export const removeOverride = match => change('DELETE', path('/api/overrides', {match}));
