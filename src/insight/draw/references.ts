/** Which resource of a template names which, by the ids that their properties resolved to. */
import type { Model, ModelResource } from '../model/model.ts';

export interface References {
  /** Logical ids of what a value names, at any depth. */
  namedIn(value: unknown): ReadonlySet<string>;
  /** Logical ids of those whose properties name it. */
  namedBy(logicalId: string): readonly string[];
}

export function referencesOf(model: Model): References {
  const owners = new Map<string, string>();
  for (const resource of model.resources.values()) {
    for (const id of idsOf(resource)) if (!owners.has(id)) owners.set(id, resource.logicalId);
  }
  const namedIn = (value: unknown): Set<string> => {
    const found = new Set<string>();
    const visit = (part: unknown): void => {
      if (typeof part === 'string') {
        const owner = owners.get(part) ?? owners.get(part.split(',')[0] ?? '');
        if (owner !== undefined) found.add(owner);
      } else if (typeof part === 'object' && part !== null) Object.values(part).forEach(visit);
    };
    visit(value);
    return found;
  };
  const reverse = new Map<string, string[]>();
  for (const { logicalId, properties } of model.resources.values()) {
    for (const named of namedIn(properties)) {
      if (named !== logicalId) reverse.set(named, [...(reverse.get(named) ?? []), logicalId]);
    }
  }
  return { namedIn, namedBy: (logicalId) => reverse.get(logicalId) ?? [] };
}

/** What others may call it: its id, its ARNs. Attributes that are numbers or flags in text name nobody. */
function idsOf({ physicalId, attributes, type }: ModelResource): string[] {
  // A bucket's policy, a subnet's association: their ids are those of what they belong to.
  if (/Policy$/.test(type) && !type.startsWith('AWS::IAM') && !type.startsWith('AWS::CloudFront')) return [];
  const texts = Object.values(attributes).filter((one): one is string => typeof one === 'string' && one.length > 6);
  return [physicalId, ...texts];
}
