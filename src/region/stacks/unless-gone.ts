import { Fault } from '../wire/fault.ts';

/**
 * Runs the deletion of a resource; what is gone already counts as deleted.
 * @param codes of the faults that say so
 */
export async function unlessGone(codes: readonly string[] | RegExp, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (codes instanceof RegExp ? !codes.test(error.code) : !codes.includes(error.code)) throw error;
  }
}
