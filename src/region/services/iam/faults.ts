/** IAM's refusals, in its words. */
import { Fault } from '../../wire/fault.ts';

export const noSuchEntity = (message: string) => new Fault('NoSuchEntity', message, { status: 404 });
export const alreadyExists = (message: string) => new Fault('EntityAlreadyExists', message, { status: 409 });
export const deleteConflict = (message: string) => new Fault('DeleteConflict', message, { status: 409 });
export const limitExceeded = (message: string) => new Fault('LimitExceeded', message, { status: 409 });
export const invalidInput = (message: string) => new Fault('InvalidInput', message, { status: 400 });
export const validationError = (message: string) => new Fault('ValidationError', message, { status: 400 });

export const quotaExceeded = (quota: string, limit: number) =>
  limitExceeded(`Cannot exceed quota for ${quota}: ${limit}`);

/** AWS's wording of a broken constraint: a value (undefined: missing) at a member's camel-cased name. */
export function constraint(member: string, value: unknown, rule: string): Fault {
  const what = value === undefined ? 'Value null' : `Value '${String(value)}'`;
  return validationError(
    `1 validation error detected: ${what} at '${member}' failed to satisfy constraint: Member must ${rule}`,
  );
}
