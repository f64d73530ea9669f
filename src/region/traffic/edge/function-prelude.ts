/**
 * The runtime's own features, written in its own language: what CloudFront offers beside plain JavaScript. Time, chance,
 * log and hashes come from the host. Key value stores are not modelled: `import` fails as a syntax error would.
 */
export const prelude = `(function (log, now, chance, digest) {
  'use strict';
  const show = (value) => {
    if (typeof value === 'string') return value;
    try { return JSON.stringify(value); } catch (error) { return String(value); }
  };
  const write = (...values) => { log(values.map(show).map(String).join(' ')); };
  globalThis.console = { log: write, error: write, info: write, warn: write, debug: write };

  const RealDate = Date;
  class ModelDate extends RealDate {
    constructor(...given) { if (given.length === 0) super(now()); else super(...given); }
    static now() { return now(); }
  }
  globalThis.Date = ModelDate;
  Math.random = chance;
  delete globalThis.eval;

  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const toBase64 = (bytes) => {
    let out = '';
    for (let i = 0; i < bytes.length; i += 3) {
      const a = bytes.charCodeAt(i), b = bytes.charCodeAt(i + 1), c = bytes.charCodeAt(i + 2);
      if (a > 255 || b > 255 || c > 255) throw new TypeError('invalid character');
      out += alphabet[a >> 2] + alphabet[((a & 3) << 4) | (b >> 4)];
      out += i + 1 < bytes.length ? alphabet[((b & 15) << 2) | (c >> 6)] : '=';
      out += i + 2 < bytes.length ? alphabet[c & 63] : '=';
    }
    return out;
  };
  const fromBase64 = (text) => {
    const clean = String(text).replace(/-/g, '+').replace(/_/g, '/').replace(/[^A-Za-z0-9+/]/g, '');
    let out = '', buffer = 0, bits = 0;
    for (const letter of clean) {
      buffer = (buffer << 6) | alphabet.indexOf(letter);
      bits += 6;
      if (bits >= 8) { bits -= 8; out += String.fromCharCode((buffer >> bits) & 255); }
    }
    return out;
  };
  globalThis.btoa = (text) => toBase64(String(text));
  globalThis.atob = fromBase64;
  const utf8 = (text) => unescape(encodeURIComponent(text));
  const hex = (bytes) => Array.from(bytes, (one) => one.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  const encoded = (bytes, encoding) => {
    if (encoding === undefined || encoding === 'hex') return hex(bytes);
    if (encoding === 'base64') return toBase64(bytes);
    if (encoding === 'base64url') return toBase64(bytes).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
    throw new TypeError('unknown encoding ' + encoding);
  };
  const hasher = (algorithm, key) => {
    let data = '';
    return {
      update(text) { data += utf8(String(text)); return this; },
      digest(encoding) { return encoded(digest(algorithm, key, data), encoding); },
    };
  };
  const modules = {
    crypto: {
      createHash: (algorithm) => hasher(algorithm, undefined),
      createHmac: (algorithm, key) => hasher(algorithm, utf8(String(key))),
    },
    querystring: {
      escape: encodeURIComponent,
      unescape: decodeURIComponent,
      stringify(object, separator = '&', equals = '=') {
        return Object.entries(object).flatMap(([name, value]) => [].concat(value)
          .map((one) => encodeURIComponent(name) + equals + encodeURIComponent(one))).join(separator);
      },
      parse(text, separator = '&', equals = '=') {
        const out = {};
        for (const pair of text === '' ? [] : text.split(separator)) {
          const mark = pair.indexOf(equals);
          const name = decodeURIComponent(mark < 0 ? pair : pair.slice(0, mark));
          const value = mark < 0 ? '' : decodeURIComponent(pair.slice(mark + equals.length));
          out[name] = name in out ? [].concat(out[name], value) : value;
        }
        return out;
      },
    },
  };
  globalThis.require = (name) => {
    if (Object.prototype.hasOwnProperty.call(modules, name)) return modules[name];
    throw new Error('Cannot find module "' + name + '"');
  };

  const text = (value) => value === undefined ? '' : JSON.stringify(value);
  return (event) => {
    if (typeof handler !== 'function') throw new TypeError('The function has no handler.');
    const answer = handler(JSON.parse(event));
    return answer instanceof Promise ? answer.then(text) : text(answer);
  };
})`;
