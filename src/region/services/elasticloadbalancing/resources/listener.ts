import { resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { Fault } from '../../../wire/fault.ts';
import { type ActionProperties, actionInput, actionPaths } from './actions.ts';
import { adopt, carries, service } from './parts.ts';

interface ListenerProperties {
  readonly LoadBalancerArn: string;
  readonly Port: number;
  readonly Protocol: string;
  readonly SslPolicy?: string;
  readonly Certificates?: readonly { readonly CertificateArn: string }[];
  readonly DefaultActions: readonly ActionProperties[];
}

interface ListenerView {
  readonly ListenerArn: string;
  readonly Port: number;
}

function listenerInput({ Port, Protocol, SslPolicy, Certificates, DefaultActions }: ListenerProperties): object {
  return { Port: Number(Port), Protocol, SslPolicy, Certificates, DefaultActions: actionInput(DefaultActions) };
}

export const listener = resourceType<ListenerProperties>({
  honours: [
    'LoadBalancerArn',
    'Port',
    'Protocol',
    'SslPolicy',
    'Certificates[].CertificateArn',
    ...actionPaths('DefaultActions'),
  ],
  async create({ properties, invoke, stackTags }) {
    const { LoadBalancerArn } = properties;
    const { Listeners } = await adopt<{ Listeners: ListenerView[] }>(
      () => invoke(service, 'CreateListener', { LoadBalancerArn, ...listenerInput(properties), Tags: stackTags }),
      'DuplicateListener',
      async () => {
        const found = await invoke<{ Listeners: (ListenerView & { Port: number })[] }>(service, 'DescribeListeners', {
          LoadBalancerArn,
        });
        const own = found.Listeners.filter(({ Port }) => Port === Number(properties.Port));
        if (!(await carries(invoke, own[0]?.ListenerArn, stackTags)))
          throw new Fault('DuplicateListener', 'A listener already exists on this port for this load balancer');
        return { Listeners: own };
      },
    );
    const arn = Listeners[0]?.ListenerArn ?? '';
    return { physicalId: arn, attributes: { ListenerArn: arn } };
  },
  async update({ properties, physicalId, invoke }) {
    await invoke(service, 'ModifyListener', { ListenerArn: physicalId, ...listenerInput(properties) });
    return { physicalId, attributes: { ListenerArn: physicalId } };
  },
  delete: ({ physicalId, invoke }) =>
    unlessGone(['ListenerNotFound'], () => invoke(service, 'DeleteListener', { ListenerArn: physicalId })),
});
