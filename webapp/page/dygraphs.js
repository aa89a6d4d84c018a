// Loads dygraphs, a script without exports, when a view first draws a chart: who imports this has the global Dygraph.
import {el} from './dom.js';

await new Promise((resolve, reject) => {
  document.head.append(el('script', {src: '/dygraph.min.js', onload: resolve, onerror: reject}));
});

// The legend plugin writes style attributes, which the Content-Security-Policy forbids; captions do its work.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter(plugin => plugin !== Dygraph.Plugins.Legend);
