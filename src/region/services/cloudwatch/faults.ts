/** CloudWatch's faults, by the names of its schema; the wire turns them into the codes of each protocol. */
import { Fault } from '../../wire/fault.ts';
import { pageAt } from '../paging.ts';

export const invalidValue = (message: string) => new Fault('InvalidParameterValueException', message);
export const invalidCombination = (message: string) => new Fault('InvalidParameterCombinationException', message);
export const missingParameter = (name: string) =>
  new Fault('MissingRequiredParameterException', `The parameter ${name} is required.`);
export const invalid = (message: string) => new Fault('ValidationException', message);
export const notModelled = (what: string) => invalidValue(`${what} is not modelled by Orrery`);

/** In the words of the API's own validation. */
export function constraint(value: unknown, member: string, rule: string): Fault {
  const shown = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? null);
  return invalid(
    `1 validation error detected: Value '${shown}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );
}

export const oneOf = (values: readonly string[]) => `satisfy enum value set: [${values.join(', ')}]`;

/** Throws for members that were given and are not honoured. */
export function refuseMembers(input: object, names: readonly string[]): void {
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined && names.includes(name)) throw notModelled(name);
  }
}

export function page<T>(all: readonly T[], token: string | undefined, size: number) {
  const { items, next } = pageAt(all, token, size, () => {
    throw new Fault('InvalidNextToken', 'The next token specified is invalid.');
  });
  return { items, ...(next === undefined ? {} : { NextToken: next }) };
}
