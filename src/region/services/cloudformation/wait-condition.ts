/**
 * `AWS::CloudFormation::WaitCondition` with a creation policy, and its older form with a handle.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-waitcondition.html
 */
import { type ResourceType, resourceType } from '../../stacks/resource-type.ts';
import { durationMs } from '../../stacks/signals.ts';

const waitConditionHandle = resourceType<Record<string, never>>({
  honours: [],
  async create({ stack, logicalId }) {
    return {
      physicalId: `https://cloudformation-waitcondition-${stack.region}.s3.amazonaws.com/${encodeURIComponent(stack.id)}/${logicalId}`,
    };
  },
  async update({ physicalId }) {
    return { physicalId };
  },
  async delete() {},
});

interface WaitConditionProperties {
  Count?: number;
  Timeout?: string;
}

/** Counts signals to the condition itself (`cfn-signal --resource`). */
const waitCondition = resourceType<WaitConditionProperties>({
  honours: ['Count', 'Timeout'],
  inert: {
    Handle: 'signals to the URL of a handle are not taken: signal the condition itself with cfn-signal --resource',
  },
  async create(request) {
    const { properties, creationPolicy, stack, logicalId } = request;
    const policy = creationPolicy?.ResourceSignal as { Count?: unknown; Timeout?: unknown } | undefined;
    const seconds = Number(properties.Timeout ?? 43_200);
    const timeoutMs = policy ? (durationMs(String(policy.Timeout ?? 'PT5M')) ?? 300_000) : seconds * 1000;
    await request.signals.wait({ count: Number(policy?.Count ?? properties.Count ?? 1), timeoutMs });
    return { physicalId: `${stack.id}/${logicalId}`, attributes: { Data: '{}' } };
  },
  // On AWS too, nothing of it can be changed once it is made.
  async update({ physicalId, attributes }) {
    return { physicalId, attributes };
  },
  async delete() {},
});

export const waitTypes: Record<string, ResourceType> = {
  'AWS::CloudFormation::WaitCondition': waitCondition,
  'AWS::CloudFormation::WaitConditionHandle': waitConditionHandle,
};
