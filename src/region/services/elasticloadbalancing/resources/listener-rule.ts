import { resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { Fault } from '../../../wire/fault.ts';
import { type ActionProperties, actionInput, actionPaths } from './actions.ts';
import { adopt, carries, service } from './parts.ts';

interface RuleProperties {
  readonly ListenerArn: string;
  readonly Priority: number;
  readonly Conditions: readonly object[];
  readonly Actions: readonly ActionProperties[];
}

export const listenerRule = resourceType<RuleProperties>({
  honours: [
    'ListenerArn',
    'Priority',
    ...[
      'Field',
      'Values',
      'HostHeaderConfig',
      'PathPatternConfig',
      'HttpHeaderConfig',
      'HttpRequestMethodConfig',
      'SourceIpConfig',
      'QueryStringConfig',
    ].map((path) => `Conditions[].${path}`),
    ...actionPaths('Actions'),
  ],
  async create({ properties, invoke, stackTags }) {
    const { ListenerArn, Priority, Conditions, Actions } = properties;
    const { Rules } = await adopt<{ Rules: { RuleArn: string }[] }>(
      () =>
        invoke(service, 'CreateRule', {
          ListenerArn,
          Priority: Number(Priority),
          Conditions,
          Actions: actionInput(Actions),
          Tags: stackTags,
        }),
      'PriorityInUse',
      async () => {
        const found = await invoke<{ Rules: { RuleArn: string; Priority: string }[] }>(service, 'DescribeRules', {
          ListenerArn,
        });
        const own = found.Rules.filter((rule) => rule.Priority === String(Priority));
        if (!(await carries(invoke, own[0]?.RuleArn, stackTags)))
          throw new Fault('PriorityInUse', `Priority '${Priority}' is currently in use`);
        return { Rules: own };
      },
    );
    const arn = Rules[0]?.RuleArn ?? '';
    return { physicalId: arn, attributes: { RuleArn: arn, IsDefault: false } };
  },
  async update({ properties, previous, physicalId, invoke }) {
    await invoke(service, 'ModifyRule', {
      RuleArn: physicalId,
      Conditions: properties.Conditions,
      Actions: actionInput(properties.Actions),
    });
    if (Number(properties.Priority) !== Number(previous.Priority)) {
      await invoke(service, 'SetRulePriorities', {
        RulePriorities: [{ RuleArn: physicalId, Priority: Number(properties.Priority) }],
      });
    }
    return { physicalId, attributes: { RuleArn: physicalId, IsDefault: false } };
  },
  delete: ({ physicalId, invoke }) =>
    unlessGone(['RuleNotFound'], () => invoke(service, 'DeleteRule', { RuleArn: physicalId })),
});
