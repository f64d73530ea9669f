/** The sender's own thread: whatever the command prints or asks meanwhile, requests go out on time. */
import { parentPort, workerData } from 'node:worker_threads';
import { realClock } from '../../region/clock/clock.ts';
import { parseProfile, profileOfCsv } from '../profile.ts';
import { type LoadTotal, runLoad } from './load.ts';
import { fixedLookup, type Lookup, modelLookup, systemLookup } from './lookup.ts';
import type { Second } from './tally.ts';
import type { ThreadPlan } from './thread.ts';

export type ThreadMessage =
  | { readonly kind: 'started' }
  | { readonly kind: 'second'; readonly second: Second }
  | { readonly kind: 'total'; readonly total: LoadTotal };

const port = parentPort;
if (!port) throw new Error('this is the inside of a thread');

const clock = realClock();
const { profile, dns, ...plan } = workerData as ThreadPlan;
const lookup = lookupOf(dns);
const stop = new AbortController();
port.once('message', () => stop.abort());
const tell = (message: ThreadMessage) => port.postMessage(message);

tell({ kind: 'started' });
const total = await runLoad(
  {
    ...plan,
    profile: profile.csv === undefined ? parseProfile(profile.spec) : profileOfCsv(profile.csv, profile.spec),
  },
  { clock, lookup },
  (second) => tell({ kind: 'second', second }),
  stop.signal,
);
lookup.close();
tell({ kind: 'total', total });
// A listener keeps a thread alive.
port.close();

function lookupOf(dns: ThreadPlan['dns']): Lookup {
  if (dns.kind === 'model') return modelLookup(dns.port, clock);
  return dns.kind === 'system' ? systemLookup() : fixedLookup('');
}
