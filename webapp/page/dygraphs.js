// Loads dygraphs, a script without exports, when a view first draws a chart: who imports this has the global Dygraph.
import {el} from './dom.js';

await new Promise((resolve, reject) => {
  document.head.append(el('script', {src: '/dygraph.min.js', onload: resolve, onerror: reject}));
});
