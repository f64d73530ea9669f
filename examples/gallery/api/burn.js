/**
 * Burns CPU on purpose, so that scaling can be seen. In threads, as many at once as there are processors: one event loop
 * keeps only one of them busy, so an average over a machine of two would never pass half; and the others' requests, the
 * health check among them, are answered meanwhile.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { places } from './places.js';

export const longestBurnMs = 5000;
const inPlace = places(availableParallelism());

// Evaluated in the thread, so that the API stays one bundle.
const source = `
  const { workerData } = require('node:worker_threads');
  const end = performance.now() + workerData;
  let x = 1;
  while (performance.now() < end) for (let i = 0; i < 10000; i++) x = Math.sqrt(x + i);
`;

/** Resolves when `ms` milliseconds of one processor are burnt. @param {number} ms */
export function burn(ms) {
  return inPlace(
    () =>
      new Promise((done, fail) => {
        const worker = new Worker(source, { eval: true, workerData: ms, env: {}, execArgv: [] });
        worker.once('exit', () => done(undefined));
        worker.once('error', fail);
      }),
  );
}
