/**
 * What a request may say, read with bounds: routes, numbers, titles, ranges. Pure.
 */

/** An answer that is the caller's fault or ours, with what to tell the caller. */
export class HttpError extends Error {
  /** @param {number} status @param {string} message @param {Record<string, string>} [headers] */
  constructor(status, message, headers = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * The path without the `/api` prefix (everything is served under both: with a domain the API has a name of its own,
 * without one it shares the distribution's), and the query.
 * @param {string} target The request line's target.
 * @returns {{ path: string, query: URLSearchParams }}
 */
export function readTarget(target) {
  // An absolute-form target is legal HTTP/1.1; only its path matters here.
  const url = URL.canParse(target, 'http://api') ? new URL(target, 'http://api') : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new HttpError(400, 'The address of this request cannot be read.');
  const path = url.pathname.replace(/^\/api(?=\/|$)/, '') || '/';
  return { path, query: url.searchParams };
}

/**
 * A whole number of the query. Throws 400 outside `min` to `max`.
 * @param {URLSearchParams} query @param {string} name @param {{ min: number, max: number }} bounds
 * @returns {number | undefined}
 */
export function wholeNumber(query, name, { min, max }) {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new HttpError(400, `${name}: "${text.slice(0, 40)}" is not a whole number from ${min} to ${max}.`);
  }
  return value;
}

const titleLength = 120;

/** A title fit to store and show: no control characters, at most 120 characters. @param {string | null} text */
export function readTitle(text) {
  const clean = (text ?? '')
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return [...clean].slice(0, titleLength).join('') || 'Untitled';
}

/**
 * The `Range` to pass on, or undefined where the whole is to be sent: several ranges, other units and impossible ones
 * may be ignored (RFC 9110, 14.2), and so is a range under `If-Range`, whose condition S3 does not know.
 * @param {string | undefined} range @param {string | undefined} ifRange
 */
export function singleRange(range, ifRange) {
  if (range === undefined || ifRange !== undefined) return undefined;
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range.trim());
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  return `bytes=${first}-${last}`;
}

/** How each kind of picture begins. SVG is none of them: it can carry script. */
const signatures = {
  'image/png': (/** @type {Buffer} */ head) => head.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex')),
  'image/jpeg': (/** @type {Buffer} */ head) => head.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex')),
  'image/gif': (/** @type {Buffer} */ head) => /^GIF8[79]a/.test(head.toString('latin1')),
  'image/webp': (/** @type {Buffer} */ head) => /^RIFF[\s\S]{4}WEBP/.test(head.toString('latin1')),
};

export const pictureTypes = Object.keys(signatures);
/** As many bytes as tell any of them. */
export const signatureBytes = 12;

/** @param {string} contentType @param {Buffer} head The first `signatureBytes` of the body. */
export function looksLike(contentType, head) {
  const test = Object.hasOwn(signatures, contentType)
    ? signatures[/** @type {keyof typeof signatures} */ (contentType)]
    : undefined;
  return test?.(head) ?? false;
}
