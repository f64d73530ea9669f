/**
 * The API, spoken to from the browser. Where it is stands in `/config.json`, which is written when the app is deployed;
 * without one it is taken to be under `/api` of this origin. Every answer says which machine gave it: that is kept.
 */

const patienceMs = 20_000;
const keptCalls = 240;

let base = '/api';

/** Calls lately answered, oldest first: `{ machine, zone, ms, method, path, status }`. */
export const calls = [];
/** `call`: one was answered or failed. */
export const traffic = new EventTarget();

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export async function configure() {
  try {
    const response = await fetch('/config.json', { cache: 'no-cache' });
    const { apiUrl } = response.ok ? await response.json() : {};
    if (typeof apiUrl === 'string' && /^(https?:\/\/|\/)/.test(apiUrl)) base = apiUrl.replace(/\/+$/, '');
  } catch {
    // No file, or the page in its place: this origin's API.
  }
}

export function address() {
  return new URL(base, location.origin).href;
}

export function imageUrl(id) {
  return `${base}/items/${encodeURIComponent(id)}/image`;
}

export const listPictures = (after) =>
  call('GET', `/items?limit=24${after ? `&after=${encodeURIComponent(after)}` : ''}`);
export const getPicture = (id) => call('GET', `/items/${encodeURIComponent(id)}`);
export const deletePicture = (id) => call('DELETE', `/items/${encodeURIComponent(id)}`);
export const whoAmI = () => call('GET', '/whoami');
export const burn = (ms) => call('GET', `/burn?ms=${ms}`);

async function call(method, path) {
  const start = performance.now();
  let response;
  try {
    response = await fetch(base + path, {
      method,
      headers: { Accept: 'application/json' },
      credentials: 'omit',
      signal: AbortSignal.timeout(patienceMs),
    });
  } catch (error) {
    note(method, path, 0, null, start);
    throw new ApiError(
      error?.name === 'TimeoutError' ? 'The API did not answer in time.' : 'The API could not be reached.',
      0,
    );
  }
  note(method, path, response.status, response.headers.get('X-Served-By'), start);
  if (response.status === 204) return null;
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(messageOf(body, response.status), response.status);
  return body;
}

/**
 * Sends a picture. `XMLHttpRequest`, because `fetch` does not tell how much of a body has gone.
 * Returns `{ done, cancel }`; `done` resolves with the picture as the API keeps it.
 */
export function uploadPicture(blob, { title, width, height }, onProgress) {
  const request = new XMLHttpRequest();
  const query = new URLSearchParams({ title });
  if (width && height) {
    query.set('width', String(width));
    query.set('height', String(height));
  }
  const start = performance.now();
  const done = new Promise((resolve, reject) => {
    request.open('POST', `${base}/items?${query}`);
    request.setRequestHeader('Content-Type', blob.type);
    request.setRequestHeader('Accept', 'application/json');
    request.timeout = 90_000;
    request.responseType = 'json';
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    const fail = (message) => () => {
      note('POST', '/items', 0, null, start);
      reject(new ApiError(message, 0));
    };
    request.addEventListener('error', fail('The connection broke off.'));
    request.addEventListener('timeout', fail('That took too long.'));
    request.addEventListener('abort', () => reject(new ApiError('Cancelled.', 0)));
    request.addEventListener('load', () => {
      note('POST', '/items', request.status, request.getResponseHeader('X-Served-By'), start);
      if (request.status === 201) resolve(request.response);
      else reject(new ApiError(messageOf(request.response, request.status), request.status));
    });
    request.send(blob);
  });
  return { done, cancel: () => request.abort() };
}

function messageOf(body, status) {
  if (typeof body?.error === 'string') return body.error;
  if (status === 503) return 'No machine is ready to answer.';
  if (status === 502 || status === 504) return 'The machine that was asked did not answer.';
  return `The API answered ${status}.`;
}

/** @param {string | null} servedBy `<instance id>;<zone>`, as the API exposes it to pages. */
function note(method, path, status, servedBy, start) {
  const [machine = '', zone = ''] = (servedBy ?? '').split(';');
  calls.push({ machine, zone, method, path, status, ms: Math.round(performance.now() - start) });
  if (calls.length > keptCalls) calls.shift();
  traffic.dispatchEvent(new Event('call'));
}

/** Machines in the order in which they were met: that gives each its letter and colour. */
const met = [];

export function machineNumber(machine) {
  if (machine === '') return -1;
  if (!met.includes(machine)) met.push(machine);
  return met.indexOf(machine);
}
