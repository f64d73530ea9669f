/** Targets: registered, drained, and how healthy the nodes find them. */
import type {
  DeregisterTargetsCommandInput,
  DescribeTargetHealthCommandInput,
  RegisterTargetsCommandInput,
  TargetHealth,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import {
  asService,
  balancersOf,
  type TargetGroupRecord,
  type TargetRecord,
  targetKey,
  targets,
  targetsOf,
} from './state.ts';
import { groupOf } from './target-group.ts';

interface InstanceView {
  readonly InstanceId: string;
  readonly PrivateIpAddress?: string;
  readonly VpcId?: string;
  readonly State: { readonly Name: string };
  readonly Placement: { readonly AvailabilityZone: string };
}

export async function registerTargets({ TargetGroupArn, Targets = [] }: RegisterTargetsCommandInput, call: Call) {
  const group = groupOf(call, TargetGroupArn);
  for (const { Id = '', Port = group.port } of Targets) {
    const place =
      group.targetType === 'instance' ? await instancePlace(call, group, Id) : await addressPlace(call, group, Id);
    const key = targetKey(group.arn, Id, Port);
    const known = targets(call).get(key);
    // A draining target that is registered again serves again.
    if (known && known.drainingUntilMs === undefined && known.address === place.address) continue;
    targets(call).put(key, { groupArn: group.arn, id: Id, port: Port, registeredMs: call.clock.now(), ...place });
  }
  return {};
}

async function instancePlace(
  call: Call,
  group: TargetGroupRecord,
  id: string,
): Promise<{ zone: string; address: string }> {
  const { Reservations } = await call
    .invoke<{ Reservations: { Instances: InstanceView[] }[] }>(asService, 'ec2', 'DescribeInstances', {
      InstanceIds: [id],
    })
    .catch((error: unknown) => {
      if (error instanceof Fault)
        throw new Fault('InvalidTarget', `The following targets are not valid instances: '${id}'`);
      throw error;
    });
  const instance = Reservations[0]?.Instances[0];
  if (!instance || instance.State.Name !== 'running' || instance.PrivateIpAddress === undefined) {
    throw new Fault(
      'InvalidTarget',
      `The following targets are not in a running state and cannot be registered: '${id}'`,
    );
  }
  if (instance.VpcId !== group.vpcId)
    throw new Fault('InvalidTarget', `The following targets are not in the target group VPC '${group.vpcId}': '${id}'`);
  return { zone: instance.Placement.AvailabilityZone, address: instance.PrivateIpAddress };
}

async function addressPlace(
  call: Call,
  group: TargetGroupRecord,
  address: string,
): Promise<{ zone: string; address: string }> {
  const { NetworkInterfaces } = await call.invoke<{ NetworkInterfaces: { AvailabilityZone: string }[] }>(
    asService,
    'ec2',
    'DescribeNetworkInterfaces',
    {
      Filters: [
        { Name: 'vpc-id', Values: [group.vpcId] },
        { Name: 'addresses.private-ip-address', Values: [address] },
      ],
    },
  );
  const zone = NetworkInterfaces[0]?.AvailabilityZone;
  if (zone === undefined)
    throw new Fault(
      'InvalidTarget',
      `The IP address '${address}' is not the address of an interface in the VPC '${group.vpcId}'`,
    );
  return { zone, address };
}

export function deregisterTargets({ TargetGroupArn, Targets = [] }: DeregisterTargetsCommandInput, call: Call) {
  const group = groupOf(call, TargetGroupArn);
  const delayMs = Number(group.attributes['deregistration_delay.timeout_seconds']) * 1000;
  for (const { Id = '', Port } of Targets) {
    const found = targetsOf(call, group.arn).filter(
      (target) => target.id === Id && (Port === undefined || target.port === Port),
    );
    if (found.length === 0)
      throw new Fault(
        'InvalidTarget',
        `The following targets are not registered with the target group '${group.arn}': '${Id}'`,
      );
    for (const target of found) {
      if (target.drainingUntilMs !== undefined) continue;
      const key = targetKey(group.arn, target.id, target.port);
      if (balancersOf(call, group.arn).length === 0) targets(call).delete(key);
      else {
        targets(call).put(key, { ...target, drainingUntilMs: call.clock.now() + delayMs });
        scheduleDrained(call, key);
      }
    }
  }
  return {};
}

const drainLookMs = 1_000;

/** A target is gone when its delay is over, or earlier when nothing is in flight to it. Also after a restart. */
export function scheduleDrained(scope: Scope, key: string): void {
  scope.clock.after(drainLookMs, () => {
    const target = targets(scope).get(key);
    if (target?.drainingUntilMs === undefined) return;
    const idle = scope.planes.balancer.inFlight(target.groupArn, target.id, target.port) === 0;
    if (idle || scope.clock.now() >= target.drainingUntilMs) targets(scope).delete(key);
    else scheduleDrained(scope, key);
  });
}

export function describeTargetHealth({ TargetGroupArn, Targets }: DescribeTargetHealthCommandInput, call: Call) {
  const group = groupOf(call, TargetGroupArn);
  const registered = targetsOf(call, group.arn);
  const used = balancersOf(call, group.arn).length > 0;
  const describe = (target: TargetRecord) => ({
    Target: { Id: target.id, Port: target.port },
    HealthCheckPort: group.health.port === 'traffic-port' ? String(target.port) : group.health.port,
    TargetHealth: stateOf(call, target, used),
  });
  if (!Targets?.length) return { TargetHealthDescriptions: registered.map(describe) };
  return {
    TargetHealthDescriptions: Targets.map(({ Id = '', Port = group.port }) => {
      const found = registered.find((target) => target.id === Id && target.port === Port);
      if (found) return describe(found);
      return {
        Target: { Id, Port },
        TargetHealth: {
          State: 'unused' as const,
          Reason: 'Target.NotRegistered' as const,
          Description: 'Target is not registered to the target group',
        },
      };
    }),
  };
}

function stateOf(scope: Scope, target: TargetRecord, used: boolean): TargetHealth {
  if (target.drainingUntilMs !== undefined) {
    return {
      State: 'draining',
      Reason: 'Target.DeregistrationInProgress',
      Description: 'Target deregistration is in progress',
    };
  }
  if (!used)
    return {
      State: 'unused',
      Reason: 'Target.NotInUse',
      Description: 'Target group is not configured to receive traffic from the load balancer',
    };
  const measured = scope.planes.balancer.targetHealth(target.groupArn, target.id, target.port);
  if (!measured)
    return {
      State: 'initial',
      Reason: 'Elb.RegistrationInProgress',
      Description: 'Target registration is in progress',
    };
  return {
    State: measured.state,
    ...(measured.reason === undefined ? {} : { Reason: measured.reason as NonNullable<TargetHealth['Reason']> }),
    ...(measured.description === undefined ? {} : { Description: measured.description }),
  };
}
