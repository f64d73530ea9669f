/** What the CloudFormation types of load balancing share: names, attributes, tags, and the adoption of what a crash left. */
import type { ResourceRequest } from '../../../stacks/resource-type.ts';
import { Fault } from '../../../wire/fault.ts';
import type { Tag } from '../../tags.ts';

export const service = 'elasticloadbalancing';

export interface Attribute {
  readonly Key: string;
  readonly Value: string;
}

/** Names of balancers and groups end in what is random, so that it is the stack's part that is cut. */
export const nameLength = 32;

/** The stack's tags, the template's own before them. */
export function tagsOf(stackTags: readonly Tag[], own: readonly Tag[] | undefined): Tag[] {
  const keys = new Set(own?.map(({ Key }) => Key));
  return [...(own ?? []), ...stackTags.filter(({ Key }) => !keys.has(Key))];
}

/** A name that is taken by this very resource (made before a crash) is adopted. */
export async function adopt<T>(make: () => Promise<T>, code: string, find: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof Fault && error.code === code) return find();
    throw error;
  }
}

/** Whether a resource has the tags that CloudFormation gave this very one. */
export async function carries(
  invoke: ResourceRequest<unknown>['invoke'],
  arn: string | undefined,
  stackTags: readonly Tag[],
): Promise<boolean> {
  if (arn === undefined) return false;
  const { TagDescriptions } = await invoke<{ TagDescriptions: { Tags: Tag[] }[] }>(service, 'DescribeTags', {
    ResourceArns: [arn],
  });
  const tags = TagDescriptions[0]?.Tags ?? [];
  return stackTags.every((tag) => tags.some(({ Key, Value }) => Key === tag.Key && Value === tag.Value));
}

export async function setAttributes(
  request: ResourceRequest<unknown>,
  operation: string,
  member: string,
  arn: string,
  attributes: readonly Attribute[] | undefined,
): Promise<void> {
  if (!attributes?.length) return;
  const Attributes = attributes.map(({ Key, Value }) => ({ Key, Value: String(Value) }));
  await request.invoke(service, operation, { [member]: arn, Attributes });
}

export async function retag(
  request: ResourceRequest<unknown>,
  arn: string,
  before: readonly Tag[] | undefined,
  after: readonly Tag[] | undefined,
): Promise<void> {
  const gone = (before ?? []).flatMap(({ Key }) => (after?.some((tag) => tag.Key === Key) ? [] : [Key]));
  if (gone.length > 0) await request.invoke(service, 'RemoveTags', { ResourceArns: [arn], TagKeys: gone });
  if (after?.length) await request.invoke(service, 'AddTags', { ResourceArns: [arn], Tags: after });
}
