/** Reading properties of a template: CloudFormation takes `"8080"` for 8080 and `"true"` for true. */

/** Undefined when absent. */
export function numberOf(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return Number(value);
}

export function booleanOf(value: unknown): boolean | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return value === true || value === 'true';
}

export interface TagProperty {
  readonly Key: string;
  readonly Value: string;
}

interface Tagged {
  readonly logicalId: string;
  readonly stackTags: readonly TagProperty[];
}

/** The stack's tags, AWS's own with the logical id among them, and the resource's, which win. */
export function tagsFor(request: Tagged, own: readonly TagProperty[] | undefined): TagProperty[] {
  const merged = new Map<string, string>();
  for (const tag of request.stackTags) merged.set(tag.Key, String(tag.Value));
  if (!merged.has('aws:cloudformation:logical-id')) merged.set('aws:cloudformation:logical-id', request.logicalId);
  for (const tag of own ?? []) merged.set(tag.Key, String(tag.Value));
  return [...merged].map(([Key, Value]) => ({ Key, Value }));
}

export function tagSpecification(request: Tagged, resourceType: string, own: readonly TagProperty[] | undefined) {
  return [{ ResourceType: resourceType, Tags: tagsFor(request, own) }];
}

interface Invoking extends Tagged {
  readonly previous: { readonly Tags?: readonly TagProperty[] };
  readonly properties: { readonly Tags?: readonly TagProperty[] };
  invoke(service: string, operation: string, input: object): Promise<unknown>;
}

/** Changes the tags in place: the ones that are gone first. */
export async function updateTags(request: Invoking, id: string): Promise<void> {
  const wanted = tagsFor(request, request.properties.Tags);
  const gone = (request.previous.Tags ?? []).filter((old) => !wanted.some((tag) => tag.Key === old.Key));
  if (gone.length > 0) {
    await request.invoke('ec2', 'DeleteTags', { Resources: [id], Tags: gone.map(({ Key }) => ({ Key })) });
  }
  await request.invoke('ec2', 'CreateTags', { Resources: [id], Tags: wanted });
}

/** Codes of the faults by which EC2 says that what is to be deleted is gone already. */
export const goneCodes = /NotFound$|\.NotAttached$/;
