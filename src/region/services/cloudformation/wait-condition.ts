/**
 * `AWS::CloudFormation::WaitCondition` in its form with a creation policy, signalled by `cfn-signal --resource`.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-waitcondition.html
 */
import { type ResourceType, resourceType } from '../../stacks/resource-type.ts';
import { durationMs } from '../../stacks/signals.ts';
import { Fault } from '../../wire/fault.ts';

const waitCondition = resourceType<Record<string, never>>({
  // Count, Handle and Timeout belong to the form with a handle, whose URL the model does not serve.
  honours: [],
  async create(request) {
    const { creationPolicy, stack, logicalId } = request;
    const policy = creationPolicy?.ResourceSignal as { Count?: unknown; Timeout?: unknown } | undefined;
    if (!policy) {
      throw new Fault(
        'ValidationError',
        'A WaitCondition with a Handle is not modelled by Orrery: give it a CreationPolicy instead, and signal it with cfn-signal --resource.',
      );
    }
    const timeoutMs = durationMs(String(policy.Timeout ?? 'PT5M')) ?? 300_000;
    await request.signals.wait({ count: Number(policy.Count ?? 1), timeoutMs });
    return { physicalId: `${stack.id}/${logicalId}`, attributes: { Data: '{}' } };
  },
  async update({ physicalId, attributes }) {
    return { physicalId, attributes };
  },
  async delete() {},
});

/** A name without anything behind it, as templates use it where they need an empty resource. */
const waitConditionHandle = resourceType<Record<string, never>>({
  honours: [],
  async create({ stack, logicalId }) {
    const path = `${encodeURIComponent(stack.id)}/${logicalId}`;
    return { physicalId: `https://cloudformation-waitcondition-${stack.region}.s3.amazonaws.com/${path}` };
  },
  async update({ physicalId }) {
    return { physicalId };
  },
  async delete() {},
});

export const waitTypes: Record<string, ResourceType> = {
  'AWS::CloudFormation::WaitCondition': waitCondition,
  'AWS::CloudFormation::WaitConditionHandle': waitConditionHandle,
};
