/** One picture, large, with its label beside it. Its address can be shared. */
import { deletePicture, getPicture, imageUrl, listPictures } from './api.js';
import { bytes, date, el, icon } from './dom.js';
import { go, setTitle } from './router.js';
import { keep, trouble, wall } from './wall.js';

export function pictureView(id) {
  const node = el('div', { class: 'page' });
  const known = wall.items.find((item) => item.id === id);
  const show = (picture) => {
    setTitle(picture.title);
    node.replaceChildren(room(picture));
  };
  const load = async () => {
    try {
      const picture = await getPicture(id);
      if (known === undefined) show(picture);
      if (!wall.listed) await findNeighbours(id, node);
    } catch (error) {
      node.replaceChildren(error.status === 404 ? gone() : trouble(error, load));
    }
  };
  if (known !== undefined) show(known);
  else node.append(el('div', { class: 'room' }, el('div', { class: 'mat waiting' }, el('span', { class: 'glass' }))));
  load();

  const keys = (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const { before, after } = neighbours(id);
    if (event.key === 'ArrowLeft' && before) go(`/picture/${before.id}`);
    else if (event.key === 'ArrowRight' && after) go(`/picture/${after.id}`);
    else if (event.key === 'Escape') go('/');
  };
  addEventListener('keydown', keys);
  return { title: known?.title ?? 'Picture', node, leave: () => removeEventListener('keydown', keys) };
}

function neighbours(id) {
  const at = wall.items.findIndex((item) => item.id === id);
  return at < 0 ? {} : { before: wall.items[at - 1], after: wall.items[at + 1] };
}

/** Whoever came by a link has seen no wall yet. */
async function findNeighbours(id, node) {
  keep(await listPictures(null), null);
  node.querySelector('.steps')?.replaceWith(steps(id));
}

function steps(id) {
  const { before, after } = neighbours(id);
  return el(
    'nav',
    { class: 'steps', 'aria-label': 'Pictures' },
    step(before, 'Previous', 'M10 3 5 8l5 5'),
    el('a', { href: '/', 'data-link': true }, 'All pictures'),
    step(after, 'Next', 'm6 3 5 5-5 5'),
  );
}

function room(picture) {
  const { width, height } = picture;
  const image = el('img', { alt: picture.title, src: imageUrl(picture.id), width, height });
  const mat = el('div', { class: 'mat' }, image);
  image.addEventListener('error', () => {
    mat.replaceChildren(el('p', { class: 'lost-note' }, 'This picture could not be loaded.'));
  });
  const fact = (name, value) => value && [el('dt', {}, name), el('dd', {}, value)];
  return el(
    'article',
    { class: 'room' },
    mat,
    el(
      'aside',
      { class: 'label' },
      el('h1', {}, picture.title),
      el(
        'dl',
        {},
        fact('Hung', date(picture.uploadedAt, true)),
        fact('Size', width && height ? `${width} × ${height}` : null),
        fact('File', `${picture.contentType.replace('image/', '').toUpperCase()}, ${bytes(picture.bytes)}`),
      ),
      el(
        'div',
        { class: 'row' },
        el('a', { class: 'button', href: imageUrl(picture.id), target: '_blank', rel: 'noopener' }, 'Open original'),
        takeDown(picture),
      ),
      steps(picture.id),
    ),
  );
}

function step(picture, name, path) {
  if (!picture) return el('span', { class: 'round off', 'aria-hidden': 'true' }, icon(path));
  return el(
    'a',
    { class: 'round', href: `/picture/${picture.id}`, 'data-link': true, 'aria-label': `${name}: ${picture.title}` },
    icon(path),
  );
}

/** Asks once more before it deletes. */
function takeDown(picture) {
  const button = el('button', { class: 'button plain', type: 'button' }, 'Take down');
  let sure = false;
  const reset = () => {
    sure = false;
    button.textContent = 'Take down';
    button.classList.remove('danger');
  };
  button.addEventListener('blur', reset);
  button.addEventListener('click', async () => {
    if (!sure) {
      sure = true;
      button.textContent = 'Really take down?';
      button.classList.add('danger');
      return;
    }
    button.disabled = true;
    try {
      await deletePicture(picture.id);
      wall.items = wall.items.filter(({ id }) => id !== picture.id);
      go('/');
    } catch (error) {
      button.disabled = false;
      reset();
      button.closest('.label')?.append(el('p', { class: 'problem', role: 'alert' }, error.message));
    }
  });
  return button;
}

function gone() {
  return el(
    'div',
    { class: 'empty' },
    el('h1', {}, 'This picture is not here'),
    el('p', {}, 'It was taken down, or never hung.'),
    el('a', { class: 'button', href: '/', 'data-link': true }, 'Back to the pictures'),
  );
}
