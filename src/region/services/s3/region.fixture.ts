/** A region with S3 alone, in this process: for what needs no wire. */
import type { Clock } from '../../clock/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Authoriser } from '../dispatcher.ts';
import type { Caller, Service } from '../service.ts';
import { allowAll, root, testServices } from '../testing.ts';
import { s3 } from './index.ts';

export function s3Region<C extends Clock>(options: {
  store: Store;
  clock: C;
  seed: number;
  services?: readonly Service[];
  authorise?: Authoriser;
}) {
  const { services = [], authorise = allowAll } = options;
  const parts = testServices({ ...options, services: [s3, ...services], authorise });
  const as =
    (caller: Caller) =>
    <O = Record<string, unknown>>(operation: string, input: object) =>
      parts.scope.invoke<O>(caller, 's3', operation, input);
  return { ...parts, as, call: as(root) };
}
