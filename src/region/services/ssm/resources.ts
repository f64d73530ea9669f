/** `AWS::SSM::Parameter`. */
import { resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';
import { Fault } from '../../wire/fault.ts';
import { resourceTags } from '../tags.ts';

interface ParameterProperties {
  readonly Name?: string;
  readonly Type: string;
  readonly Value: string;
  readonly Description?: string;
  readonly AllowedPattern?: string;
  readonly DataType?: string;
  readonly Tier?: string;
  /** A map, unlike elsewhere. */
  readonly Tags?: Readonly<Record<string, string>>;
}

const asList = (tags: Readonly<Record<string, string>> = {}) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value: String(Value) }));

function input({ Type, Value, Description, AllowedPattern, DataType, Tier }: ParameterProperties) {
  return { Type, Value, Description, AllowedPattern, DataType, Tier };
}

export const parameterType = resourceType<ParameterProperties>({
  honours: ['Name', 'Type', 'Value', 'Description', 'AllowedPattern', 'DataType', 'Tier', 'Tags'],
  async create(request) {
    const { properties, invoke } = request;
    // As CloudFormation does: made-up names are `CFN-<logicalId>-…`; any name that is the resource's alone will do.
    const Name = properties.Name ?? `CFN-${request.name(900)}`;
    const Tags = resourceTags(request, asList(properties.Tags));
    try {
      await invoke('ssm', 'PutParameter', { Name, ...input(properties), Tags });
    } catch (error) {
      const again = properties.Name === undefined && error instanceof Fault && error.code === 'ParameterAlreadyExists';
      if (!again) throw error;
    }
    return { physicalId: Name, attributes: { Type: properties.Type, Value: properties.Value } };
  },
  async update({ properties, previous, physicalId, invoke }) {
    await invoke('ssm', 'PutParameter', { Name: physicalId, ...input(properties), Overwrite: true });
    const resource = { ResourceType: 'Parameter', ResourceId: physicalId };
    const TagKeys = Object.keys(previous.Tags ?? {}).filter((key) => properties.Tags?.[key] === undefined);
    if (TagKeys.length > 0) await invoke('ssm', 'RemoveTagsFromResource', { ...resource, TagKeys });
    const Tags = asList(properties.Tags);
    if (Tags.length > 0) await invoke('ssm', 'AddTagsToResource', { ...resource, Tags });
    return { physicalId, attributes: { Type: properties.Type, Value: properties.Value } };
  },
  async delete({ physicalId, invoke }) {
    await unlessGone(['ParameterNotFound'], () => invoke('ssm', 'DeleteParameter', { Name: physicalId }));
  },
});
