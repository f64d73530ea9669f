/** Starts the gallery: where the API is, the views, the uploads, and who answered last. */
import { calls, configure, machineNumber, traffic } from './api.js';
import { el } from './dom.js';
import { machinesView } from './machines.js';
import { pictureView } from './picture.js';
import { startRouter } from './router.js';
import { startUploads } from './uploads.js';
import { wallView } from './wall.js';

await configure();
startUploads();
startAnsweredBy(document.getElementById('answered'));
startRouter([
  { path: /^\/$/, show: wallView },
  { path: /^\/picture\/([^/]+)$/, show: ([, id]) => pictureView(id) },
  { path: /^\/machines$/, show: machinesView },
  { path: /^/, show: nothingHere },
]);

function nothingHere() {
  return {
    title: 'Nothing here',
    node: el(
      'div',
      { class: 'empty' },
      el('h1', {}, 'An empty room'),
      el('p', {}, 'There is nothing at this address.'),
      el('a', { class: 'button', href: '/', 'data-link': true }, 'Back to the pictures'),
    ),
  };
}

/** The line at the foot of every page: which machine answered the last call. */
function startAnsweredBy(footer) {
  const show = () => {
    const last = calls.at(-1);
    if (last === undefined) return footer.replaceChildren('Waiting for an answer…');
    const said = `${last.method} ${last.path.split('?')[0]} · ${last.status || 'no answer'} · ${last.ms} ms`;
    const number = machineNumber(last.machine);
    footer.replaceChildren(
      el(
        'p',
        {},
        el('span', { class: 'dot', 'data-machine': number < 0 ? 'none' : number % 8 }),
        ...(number < 0
          ? ['no machine answered']
          : ['answered by ', el('b', {}, last.machine), ' in ', el('b', {}, last.zone)]),
      ),
      el('p', { class: 'quiet' }, said),
    );
  };
  traffic.addEventListener('call', show);
  show();
}
