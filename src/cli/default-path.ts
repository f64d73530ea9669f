/** Whether the app has anything at the path that is asked for when none is given: many an API has nothing at `/`. */
import { request } from 'undici';
import { UserError } from '../delivery/user-error.ts';
import type { SurgeTarget } from './surge-target.ts';

/** Throws when it answers 404 there; whatever else is wrong the surge tells. */
export async function expectDefaultPath({ destination, basePath }: SurgeTarget): Promise<void> {
  const { origin, host } = destination;
  const status = await request(`${origin}${basePath}/`, { headers: { host }, headersTimeout: 5_000 }).then(
    async ({ statusCode, body }) => {
      await body.dump();
      return statusCode;
    },
    () => undefined,
  );
  if (status !== 404) return;
  throw new UserError(
    `The app has nothing at /: it answers 404.`,
    'Say what to ask for: --path /items (or whatever it has; to ask for / all the same: --path /).',
  );
}
