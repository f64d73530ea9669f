/** Uploads: by the button, or dropped anywhere on the page. A few at a time, each with its progress. */
import { uploadPicture } from './api.js';
import { bytes, el, icon } from './dom.js';

const types = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'];
const largestBytes = 10 * 1024 * 1024;
const atOnce = 3;
const shownMs = 3000;

/** `added`: a picture arrived; its `detail` is the picture. */
export const added = new EventTarget();

const waiting = [];
let running = 0;

export function startUploads() {
  const input = document.getElementById('files');
  input.addEventListener('change', () => {
    addFiles(input.files);
    input.value = '';
  });
  // A drag over a child leaves its parent: only the balance tells whether it is still over the page.
  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer?.types.includes('Files') ?? false;
  const over = (shown) => document.getElementById('drop').classList.toggle('on', shown);
  addEventListener('dragenter', (event) => {
    if (carriesFiles(event)) over(++depth > 0);
  });
  addEventListener('dragleave', (event) => {
    if (carriesFiles(event)) over(--depth > 0);
  });
  addEventListener('dragover', (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    over(false);
    addFiles(event.dataTransfer.files);
  });
}

function addFiles(files) {
  for (const file of files) addPicture(file, titleOf(file.name));
}

/** `IMG_2041-final.JPG` → `IMG 2041 final` */
function titleOf(name) {
  return (
    name
      .replace(/\.[^.]+$/, '')
      .replace(/[_-]+/g, ' ')
      .trim() || 'Untitled'
  );
}

/** Hangs one picture, with a card in the tray that says how it goes. */
export function addPicture(blob, title) {
  const bar = el('progress', { max: 1, value: 0, 'aria-label': `Upload of ${title}` });
  const state = el('p', { class: 'quiet' }, 'Waiting…');
  const close = el(
    'button',
    { class: 'round small', type: 'button', 'aria-label': `Dismiss ${title}` },
    icon('M4 4l8 8M12 4l-8 8'),
  );
  const retry = el('button', { class: 'button small', type: 'button', hidden: true }, 'Try again');
  const card = el('div', { class: 'card' }, el('p', { class: 'card-title' }, title), close, bar, state, retry);
  const upload = { blob, title, bar, state, card, retry, cancel: () => {} };
  close.addEventListener('click', () => {
    const at = waiting.indexOf(upload);
    if (at >= 0) waiting.splice(at, 1);
    upload.cancel();
    card.remove();
  });
  retry.addEventListener('click', () => queue(upload));
  document.getElementById('tray').append(card);
  const refusal = refused(blob);
  if (refusal === null) queue(upload);
  else fail(upload, refusal, false);
}

function refused(blob) {
  if (!types.includes(blob.type)) return 'This is not a picture that can hang here: PNG, JPEG, WebP and GIF can.';
  if (blob.size > largestBytes) return `${bytes(blob.size)} is too large: up to ${bytes(largestBytes)} fit.`;
  return null;
}

function queue(upload) {
  upload.card.classList.remove('failed');
  upload.retry.hidden = true;
  upload.bar.hidden = false;
  upload.bar.value = 0;
  upload.state.textContent = 'Waiting…';
  upload.state.removeAttribute('role');
  waiting.push(upload);
  startNext();
}

function startNext() {
  while (running < atOnce && waiting.length > 0) {
    running++;
    send(waiting.shift()).finally(() => {
      running--;
      startNext();
    });
  }
}

async function send(upload) {
  const { blob, title, bar, state, card } = upload;
  try {
    const { width, height } = await measured(blob);
    const { done, cancel } = uploadPicture(blob, { title, width, height }, (part) => {
      bar.value = part;
      state.textContent = part < 1 ? `${Math.round(part * 100)} % of ${bytes(blob.size)}` : 'Hanging it…';
    });
    upload.cancel = cancel;
    state.textContent = `0 % of ${bytes(blob.size)}`;
    const picture = await done;
    bar.hidden = true;
    state.setAttribute('role', 'status');
    state.textContent = 'On the wall.';
    card.classList.add('done');
    added.dispatchEvent(new CustomEvent('added', { detail: picture }));
    setTimeout(() => card.remove(), shownMs);
  } catch (error) {
    // What the API refused, it would refuse again; what cannot be read stays unreadable.
    fail(upload, error.message, error.status === 0 || error.status >= 500);
  }
}

function fail({ card, state, bar, retry }, message, canRetry) {
  card.classList.add('failed');
  bar.hidden = true;
  retry.hidden = !canRetry;
  state.setAttribute('role', 'alert');
  state.textContent = message;
}

async function measured(blob) {
  try {
    const image = await createImageBitmap(blob);
    const { width, height } = image;
    image.close();
    return { width, height };
  } catch {
    throw new Error('The browser cannot read this picture. Is the file whole?');
  }
}
