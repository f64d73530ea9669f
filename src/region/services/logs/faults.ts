/** CloudWatch Logs' faults, in its own words. */
import { Fault } from '../../wire/fault.ts';
import { pageAt } from '../paging.ts';

export const invalid = (message: string) => new Fault('InvalidParameterException', message);
export const missing = (what: string) => new Fault('ResourceNotFoundException', what);
export const exists = (what: string) => new Fault('ResourceAlreadyExistsException', what);
export const notModelled = (what: string) => invalid(`${what} is not modelled by Orrery`);

/** In the words of the API's own validation. */
export function constraint(value: unknown, member: string, rule: string): Fault {
  const shown = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? null);
  const quoted = value === undefined ? 'null' : `'${shown.slice(0, 1_000)}'`;
  return invalid(
    `1 validation error detected: Value ${quoted} at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );
}

export const oneOf = (values: readonly unknown[]) => `satisfy enum value set: [${values.join(', ')}]`;

/** Throws for members that were given and are not honoured. */
export function refuseMembers(input: object, names: readonly string[]): void {
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined && value !== false && names.includes(name)) throw notModelled(name);
  }
}

export function checkLimit(limit: number | undefined, most: number): number {
  if (limit === undefined) return most;
  if (!(limit >= 1)) throw constraint(limit, 'limit', 'have value greater than or equal to 1');
  if (!(limit <= most)) throw constraint(limit, 'limit', `have value less than or equal to ${most}`);
  return limit;
}

export function page<T>(all: readonly T[], token: string | undefined, size: number) {
  const { items, next } = pageAt(all, token, size, () => {
    throw badToken();
  });
  return { items, ...(next === undefined ? {} : { nextToken: next }) };
}

export const badToken = () => invalid('The specified nextToken is invalid.');
