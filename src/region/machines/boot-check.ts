/** What of a boot the driver does not model, as a resource type tells the stack engine of it before anything starts. */
import type { Unmodelled } from '../stacks/resource-type.ts';
import { unmodelledInit } from './init-check.ts';
import { unmodelledUserData } from './user-data.ts';

interface BootResource {
  readonly properties: object;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const init = 'AWS::CloudFormation::Init';

/** `userDataAt`: where a type has its user data, such as `['LaunchTemplateData', 'UserData']`; left out where it has none. */
export function unmodelledBoot(userDataAt?: readonly string[]): (resource: BootResource) => readonly Unmodelled[] {
  return ({ properties, metadata }) => {
    const script = userDataAt && scriptOf(properties, userDataAt);
    const ofScript = script === undefined ? [] : unmodelledUserData(script);
    return [
      ...ofScript.map((what) => ({ path: ['Properties', ...(userDataAt ?? [])], what })),
      ...unmodelledInit(metadata).map((what) => ({
        // `config.packages.yum: the package redis`
        path: ['Metadata', init, ...(what.split(': ')[0] ?? '').split('.')],
        what,
      })),
    ];
  };
}

/** Undefined where it is no text yet, or no base64: then EC2 refuses it. */
function scriptOf(properties: object, at: readonly string[]): string | undefined {
  let value: unknown = properties;
  for (const step of at) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  if (typeof value !== 'string') return undefined;
  const compact = value.replaceAll(/\s/g, '');
  const bytes = Buffer.from(compact, 'base64');
  return bytes.toString('base64') === compact ? bytes.toString('utf8') : undefined;
}
