/** The wall: all pictures, newest first, in rows that keep each picture's proportions. */
import { address, imageUrl, listPictures } from './api.js';
import { date, el } from './dom.js';
import { hangSamples } from './samples.js';
import { added } from './uploads.js';

/** What was listed so far: going back to the wall shows it at once. */
export const wall = { items: [], next: null, listed: false };

/** Adds a page of the listing; the first page replaces what was there. */
export function keep({ items, next }, after) {
  const known = new Set(wall.items.map(({ id }) => id));
  wall.items = after === null ? items : [...wall.items, ...items.filter(({ id }) => !known.has(id))];
  wall.next = next;
  wall.listed = true;
}

export function wallView() {
  const summary = el('p', { class: 'lead', 'aria-live': 'polite' });
  const grid = el('ul', { class: 'wall' });
  const below = el('div', { class: 'below' });
  const node = el(
    'div',
    { class: 'page' },
    el('div', { class: 'head' }, el('h1', {}, 'On the wall'), summary),
    grid,
    below,
  );

  const frames = new Map();

  const draw = () => {
    summary.textContent = said();
    // Frames that hang already stay: their pictures would load, and fade in, again.
    for (const item of wall.items) if (!frames.has(item.id)) frames.set(item.id, frame(item));
    grid.replaceChildren(...wall.items.map(({ id }) => frames.get(id)));
    below.replaceChildren();
    if (wall.items.length === 0) below.append(emptyWall());
    else if (wall.next !== null) {
      below.append(el('button', { class: 'button', type: 'button', onclick: () => load(wall.next) }, 'Show more'));
    }
  };

  const load = async (after) => {
    if (after === null && !wall.listed) {
      summary.textContent = 'Fetching the pictures…';
      grid.replaceChildren(...[1.5, 0.8, 1, 1.5, 1.33, 0.75].map(placeholder));
    }
    try {
      const page = await listPictures(after);
      keep(page, after);
      draw();
    } catch (error) {
      if (!wall.listed) {
        summary.textContent = '';
        grid.replaceChildren();
      }
      below.replaceChildren(trouble(error, () => load(after)));
    }
  };

  const hang = () => {
    if (wall.listed) draw();
  };
  added.addEventListener('added', hang);
  if (wall.listed) draw();
  load(null);
  return { title: '', node, leave: () => added.removeEventListener('added', hang) };
}

added.addEventListener('added', ({ detail }) => {
  wall.items = [detail, ...wall.items.filter(({ id }) => id !== detail.id)];
});

function said() {
  const count = wall.items.length;
  if (count === 0) return 'Nothing yet.';
  const number = wall.next === null ? String(count) : `The latest ${count}`;
  return `${number} ${count === 1 ? 'picture' : 'pictures'}, newest first.`;
}

/** Width over height, kept within what a row can hold. */
function ratioOf({ width, height }) {
  return width && height ? Math.min(2.6, Math.max(0.56, width / height)) : 1.33;
}

function frame(picture) {
  const image = el('img', { alt: '', loading: 'lazy', decoding: 'async' });
  const link = el(
    'a',
    { href: `/picture/${picture.id}`, 'data-link': true },
    el('span', { class: 'glass' }, image),
    el(
      'span',
      { class: 'caption' },
      el('span', { class: 'caption-title' }, picture.title),
      el('span', { class: 'caption-date' }, date(picture.uploadedAt)),
    ),
  );
  image.addEventListener('load', () => image.classList.add('there'), { once: true });
  image.addEventListener('error', () => {
    image.remove();
    link.classList.add('lost');
  });
  image.src = imageUrl(picture.id);
  return el('li', { style: { '--ratio': String(ratioOf(picture)) } }, link);
}

function placeholder(ratio) {
  return el(
    'li',
    { class: 'waiting', 'aria-hidden': 'true', style: { '--ratio': String(ratio) } },
    el('span', { class: 'glass' }),
  );
}

function emptyWall() {
  const samples = el('button', { class: 'button primary', type: 'button' }, 'Hang some samples');
  samples.addEventListener('click', () => {
    samples.disabled = true;
    samples.textContent = 'Painting…';
    hangSamples();
  });
  return el(
    'div',
    { class: 'empty' },
    el(
      'div',
      { class: 'easel', 'aria-hidden': 'true' },
      el('span', { class: 'easel-frame tall' }),
      el('span', { class: 'easel-frame wide' }),
      el('span', { class: 'easel-frame square' }),
    ),
    el('h2', {}, 'The wall is bare'),
    el('p', {}, 'Drop pictures anywhere on this page, choose some, or let the page paint a few.'),
    el('div', { class: 'row' }, samples, el('label', { class: 'button', for: 'files' }, 'Choose pictures')),
  );
}

/** What went wrong, and a way on. */
export function trouble(error, again) {
  return el(
    'div',
    { class: 'notice', role: 'alert' },
    el('div', {}, el('strong', {}, error.message), el('p', {}, `The API is expected at ${address()}.`)),
    el('button', { class: 'button', type: 'button', onclick: again }, 'Try again'),
  );
}
