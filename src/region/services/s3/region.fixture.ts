/** A region with S3 alone, in this process: for what needs no wire. */
import type { Clock } from '../../clock/clock.ts';
import { seededRandom } from '../../clock/random.ts';
import type { Store } from '../../store/store.ts';
import type { Planes } from '../../traffic/planes.ts';
import { type Authoriser, createDispatcher } from '../dispatcher.ts';
import type { Caller, RegionEvent, Service } from '../service.ts';
import { s3 } from './index.ts';

const account = '123456789012';

export const root: Caller = {
  kind: 'root',
  account,
  arn: `arn:aws:iam::${account}:root`,
  principalId: account,
  accessKeyId: 'test',
};

export function s3Region(options: {
  store: Store;
  clock: Clock;
  seed: number;
  services?: readonly Service[];
  authorise?: Authoriser;
}) {
  const { store, clock, seed, services = [], authorise = () => ({ allowed: true, reason: '', message: '' }) } = options;
  const events: RegionEvent[] = [];
  const dispatcher = createDispatcher({
    account,
    defaultRegion: 'us-east-1',
    services: [s3, ...services],
    authorise,
    store,
    clock,
    random: seededRandom(seed),
    planes: () => ({}) as Planes,
    machines: () => {
      throw new Error('S3 needs no machines');
    },
    note: (event) => events.push(event),
  });
  const scope = dispatcher.scope('us-east-1');
  const as =
    (caller: Caller) =>
    <O = Record<string, unknown>>(operation: string, input: object) =>
      scope.invoke<O>(caller, 's3', operation, input);
  return { dispatcher, scope, events, as, call: as(root) };
}
