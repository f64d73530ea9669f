/**
 * Burns CPU on purpose, so that scaling can be seen. In threads, as many at once as there are processors: one event loop
 * keeps only one of them busy, so an average over a machine of two would never pass half; and the others' requests, the
 * health check among them, are answered meanwhile.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { HttpError } from './http.js';

export const longestBurnMs = 5000;
const atOnce = availableParallelism();
const mayWait = 200;

// Evaluated in the thread, so that the API stays one bundle.
const source = `
  const { workerData } = require('node:worker_threads');
  const end = performance.now() + workerData;
  let x = 1;
  while (performance.now() < end) for (let i = 0; i < 10000; i++) x = Math.sqrt(x + i);
`;

let running = 0;
/** @type {(() => void)[]} */
const waiting = [];

/** Resolves when `ms` milliseconds of one processor are burnt. @param {number} ms */
export async function burn(ms) {
  if (running >= atOnce) {
    if (waiting.length >= mayWait) {
      throw new HttpError(503, 'This machine is burning all it can. Try again in a moment.', { 'Retry-After': '1' });
    }
    // Woken by the one that ends, which hands its place over: `running` stays as it is.
    await new Promise((wake) => waiting.push(() => wake(undefined)));
  } else running++;
  try {
    await new Promise((done, fail) => {
      const worker = new Worker(source, { eval: true, workerData: ms, env: {}, execArgv: [] });
      worker.once('exit', done);
      worker.once('error', fail);
    });
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}
