/** So many at once, and no more than so many waiting behind them. */
import { HttpError } from './http.js';

const mayWait = 200;

/**
 * Runs work when there is a place for it; refuses with 503 when too many wait already.
 * @param {number} atOnce
 */
export function places(atOnce) {
  let running = 0;
  /** @type {(() => void)[]} */
  const waiting = [];

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  return async function inPlace(work) {
    if (running >= atOnce) {
      if (waiting.length >= mayWait) {
        throw new HttpError(503, 'This machine does all it can. Try again in a moment.', { 'Retry-After': '1' });
      }
      // Woken by the one that ends, which hands its place over: `running` stays as it is.
      await new Promise((wake) => waiting.push(() => wake(undefined)));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
