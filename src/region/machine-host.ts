/** What a machine gets of the region: credentials of its role, the AWS endpoint, CloudFormation's desk, and names. */

import { SignalUnheard } from './machines/errors.ts';
import type { MachineHost, MachineSpec } from './machines/machine.ts';
import { parseAddress } from './network/address.ts';
import type { PlanesOptions } from './planes.ts';
import { targetLifecycleState } from './services/autoscaling/instance.ts';
import { CannotBeSignaled, signalCannotCome, waitingFor } from './services/cloudformation/index.ts';
import { resolveInVpc } from './services/ec2/endpoint-dns.ts';
import { endpointPolicy } from './services/ec2/snapshot.ts';
import { authorise } from './services/iam/authorise.ts';
import type { Caller, Scope } from './services/service.ts';
import type { Reachability } from './traffic/dns/reachability.ts';
import { addresses } from './traffic/dns/resolve.ts';
import type { DnsSnapshot } from './traffic/dns/zones.ts';
import type { Fabric } from './traffic/fabric.ts';

const ec2Service: Caller = { kind: 'service', service: 'ec2.amazonaws.com', trusted: true };

/** The account that owns Amazon Linux's images. */
const amazonLinux = '137112412989';
const openToAll = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*' }],
});

interface AssumedRole {
  readonly Credentials: {
    readonly AccessKeyId: string;
    readonly SecretAccessKey: string;
    readonly SessionToken: string;
    readonly Expiration: Date;
  };
}

/** What the VPC's resolver answers from. */
interface Names {
  readonly dns: DnsSnapshot;
  readonly reachability: Reachability;
}

export function machineHost(
  scope: Scope,
  options: PlanesOptions,
  fabric: Fabric,
  { dns, reachability }: Names,
): MachineHost {
  const { clock, random } = options;
  return {
    clock,
    random,
    fabric,
    machinesDir: options.machinesDir(),
    zoneIsDown: (zone) => options.faults.zoneIsDown(scope.region, zone),
    async roleCredentials(spec) {
      const { Credentials } = await scope.invoke<AssumedRole>(ec2Service, 'sts', 'AssumeRole', {
        RoleArn: `arn:aws:iam::${scope.account}:role/${spec.roleName ?? ''}`,
        RoleSessionName: spec.instanceId,
        DurationSeconds: 6 * 3600,
      });
      return {
        accessKeyId: Credentials.AccessKeyId,
        secretAccessKey: Credentials.SecretAccessKey,
        sessionToken: Credentials.SessionToken,
        expirationMs: Credentials.Expiration.getTime(),
      };
    },
    serveAws(request, response, via) {
      const policy = via.vpcEndpointId === undefined ? undefined : endpointPolicy(scope, via.vpcEndpointId);
      options.serveAws(request, response, { ...via, ...(policy === undefined ? {} : { endpointPolicy: policy }) });
    },
    endpointAllows(spec, vpcEndpointId, action, resource) {
      const policy = endpointPolicy(scope, vpcEndpointId);
      const via = { sourceIp: spec.privateIp, secure: true, vpcId: spec.vpcId, vpcEndpointId, endpointPolicy: policy };
      // The bucket is Amazon's own and open to all: what is left to decide is the endpoint's.
      const access = { action, resource, resourceAccount: amazonLinux, resourcePolicy: openToAll };
      const { allowed, reason } = authorise(scope, { kind: 'anonymous' }, via, access);
      return { allowed, reason };
    },
    async describeStackResource(spec, stack, logicalId) {
      const { StackResourceDetail } = await stackCall<{ StackResourceDetail?: { Metadata?: string } }>(
        scope,
        spec,
        'DescribeStackResource',
        {
          StackName: stack,
          LogicalResourceId: logicalId,
        },
      );
      return { metadata: JSON.parse(StackResourceDetail?.Metadata ?? '{}') as Record<string, unknown> };
    },
    async signalResource(spec, stack, logicalId, status) {
      try {
        await stackCall(scope, spec, 'SignalResource', {
          StackName: stack,
          LogicalResourceId: logicalId,
          UniqueId: spec.instanceId,
          Status: status,
        });
      } catch (error) {
        // One that was sent to another than its own, which waits, is missed there.
        if (!(error instanceof CannotBeSignaled) || (await waitingFor(scope, spec.instanceId))) throw error;
        throw new SignalUnheard(error.message, { cause: error });
      }
    },
    signalImpossible(spec, reason) {
      const { instanceId } = spec;
      scope.note({ source: 'machines', kind: 'boot-failed', text: `${instanceId}: ${reason}`, data: { instanceId } });
      // On AWS the stack would wait until its time is over; here it is known that nothing will come.
      void signalCannotCome(scope, instanceId, reason).catch((error: unknown) =>
        scope.note({ source: 'machines', kind: 'internal-failure', text: String(error) }),
      );
    },
    async resolve(spec, name) {
      const found = resolveInVpc(scope, spec.vpcId, name);
      if (!found) return addresses(dns, name, { vpcId: spec.vpcId, chance: random.next() });
      // Of several interfaces of an endpoint, those that can be reached.
      const vpc = fabric.world().vpcs.get(spec.vpcId);
      const reached = found.filter((address) => {
        const at = vpc?.byAddress.get(parseAddress(address));
        return !at || !reachability.isOut(at.id);
      });
      return reached.length > 0 ? reached : found;
    },
    targetLifecycleState: (spec) => targetLifecycleState(scope, spec.instanceId),
    note: (kind, text, data) => scope.note({ source: 'machines', kind, text, ...(data ? { data } : {}) }),
  };
}

/** cfn-init and cfn-signal authenticate by the instance's identity, not by its role. */
function stackCall<O>(scope: Scope, _spec: MachineSpec, operation: string, input: object): Promise<O> {
  return scope.invoke<O>(ec2Service, 'cloudformation', operation, input);
}
