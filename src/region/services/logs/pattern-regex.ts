/** The regular expressions of filter patterns. */
import type { Fault } from '../../wire/fault.ts';

export function compileRegex(_source: string, refuse: (why: string) => Fault): (text: string) => boolean {
  throw refuse('Regular expressions in filter patterns are not modelled by Orrery');
}
