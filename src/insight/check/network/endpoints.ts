/** VPC endpoints: paid for, and only of use when names lead to them and groups let machines in. */
import { rangeContains } from '../../../region/network/address.ts';
import { headerOf, spanHas, tcp } from '../../../region/network/match.ts';
import { send } from '../../../region/network/send.ts';
import type { GroupRule, InterfaceEndpointPart, NetworkInterface, Vpc } from '../../../region/network/world.ts';
import type { Model } from '../../model/model.ts';
import { listed } from '../../words.ts';
import type { Rule } from '../rule.ts';
import { interfacesOf, placeOf, positions, routeTo, s3Address } from './parts.ts';

const privateLink = 'https://docs.aws.amazon.com/vpc/latest/privatelink';

/** These have gateway endpoints: an interface of theirs is mostly called by its own name, from outside of the VPC. */
const byGateway = /\.(s3|dynamodb)$/;

export const endpointWithoutPrivateDns: Rule = {
  id: 'endpoint-without-private-dns',
  severity: 'warning',
  title: "Every interface endpoint answers to its service's own name",
  page: `${privateLink}/interface-endpoints.html`,
  needs: 'whole network',
  *find(model) {
    for (const { id, name, serviceName, privateDns } of model.world.interfaceEndpoints.values()) {
      // Services of others have private names only where they were given one.
      if (privateDns || !serviceName.startsWith('com.amazonaws.') || serviceName.includes('.vpce.')) continue;
      if (byGateway.test(serviceName)) continue;
      yield {
        ...placeOf(model, id, 'Properties', 'PrivateDnsEnabled'),
        message: `${name} has no private DNS: ${serviceName.split('.').pop()}.${model.region}.amazonaws.com still leads to the public addresses of the service, so that SDKs pass the endpoint by and take NAT, or time out.`,
        fix: 'PrivateDnsEnabled: true',
      };
    }
  },
};

export const endpointGroupClosed: Rule = {
  id: 'endpoint-group-closed',
  severity: 'error',
  title: 'Every interface endpoint lets machines of its VPC in',
  page: `${privateLink}/interface-endpoints.html`,
  needs: 'whole network',
  *find(model) {
    const { world } = model;
    const closed = new Map<string, InterfaceEndpointPart[]>();
    for (const endpoint of world.interfaceEndpoints.values()) {
      const interfaces = endpoint.interfaceIds.flatMap((id) => world.interfaces.get(id) ?? []);
      const vpc = world.vpcs.get(endpoint.vpcId);
      const [first] = interfaces;
      if (!vpc || !first || letsIn(model, vpc, interfaces)) continue;
      closed.set(first.groupNames, [...(closed.get(first.groupNames) ?? []), endpoint]);
    }
    for (const [groupNames, endpoints] of closed) {
      const groupId = world.interfaces.get(endpoints[0]?.interfaceIds[0] ?? '')?.groupIds[0] ?? '';
      const callers = positions(interfacesOf(model, 'instance')).find(
        (one) => one.subnet.vpcId === endpoints[0]?.vpcId,
      );
      const [caller] = callers?.groupIds.map((id) => model.logicalIdOf(id) ?? id) ?? [];
      const range = world.vpcs.get(endpoints[0]?.vpcId ?? '')?.cidrs[0];
      yield {
        ...placeOf(model, groupId, 'Properties', 'SecurityGroupIngress'),
        message: `${groupNames} lets no machine of the VPC in at port 443: ${listed(endpoints.map(({ name }) => name))} ${endpoints.length === 1 ? 'answers' : 'answer'} nobody, while private DNS leads all calls there.`,
        fix: [
          'SecurityGroupIngress:',
          caller
            ? `  - { IpProtocol: tcp, FromPort: 443, ToPort: 443, SourceSecurityGroupId: !Ref ${caller} }`
            : `  - { IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: ${range} }`,
        ].join('\n'),
      };
    }
  },
};

/** Where there are machines one of them must get through; where there are none yet, the rules must be for somebody. */
function letsIn(model: Model, vpc: Vpc, interfaces: readonly NetworkInterface[]): boolean {
  const { world } = model;
  const machines = positions(interfacesOf(model, 'instance')).filter(({ subnet }) => subnet.vpc === vpc);
  if (machines.length === 0) return interfaces.some(({ ingress }) => ingress.some((rule) => isForVpc(rule, vpc)));
  return machines.some((machine) =>
    interfaces.some(({ primary }) => {
      if (machine.primary === undefined || primary === undefined) return false;
      const { end } = send(world, {
        protocol: 'tcp',
        source: { address: machine.primary, port: 40_000 },
        destination: { address: primary, port: 443 },
        enters: { kind: 'interface', id: machine.id },
      });
      // What else stops it is said by others.
      return end !== 'deniedByGroupIngress';
    }),
  );
}

function isForVpc(rule: GroupRule, { ranges }: Vpc): boolean {
  if (!spanHas(rule.span, headerOf({ protocol: tcp, destinationPort: 443, icmpType: 0, icmpCode: 0 }))) return false;
  if (rule.members) return true;
  return rule.ranges.some((range) =>
    ranges.some((own) => rangeContains(own, range.base) || rangeContains(range, own.base)),
  );
}

export const s3OverNat: Rule = {
  id: 's3-over-nat',
  severity: 'warning',
  title: 'S3 is reached through a gateway endpoint, which is free',
  page: `${privateLink}/vpc-endpoints-s3.html`,
  needs: 'whole network',
  *find(model) {
    const { world } = model;
    const s3 = s3Address(world);
    if (s3 === undefined) return;
    const tables = new Map<string, Map<string, string>>();
    for (const subnet of world.subnets.values()) {
      if (routeTo(subnet, s3)?.target.kind !== 'nat') continue;
      // An interface endpoint of S3 with private DNS takes the calls of the VPC.
      const byInterface = [...world.interfaceEndpoints.values()].some(
        (one) => one.vpcId === subnet.vpcId && one.privateDns && one.serviceName.endsWith('.s3'),
      );
      if (byInterface) continue;
      const ofVpc = tables.get(subnet.vpcId) ?? new Map<string, string>();
      tables.set(subnet.vpcId, ofVpc.set(subnet.routeTable.id, subnet.routeTable.name));
    }
    for (const [vpcId, ofVpc] of tables) {
      const names = [...ofVpc.values()];
      const endpoint = [...world.gatewayEndpoints.values()].find(
        (one) => one.vpcId === vpcId && one.serviceName.endsWith('.s3'),
      );
      const [tableId = ''] = ofVpc.keys();
      const refs = names.map((name) => `!Ref ${name}`).join(', ');
      yield {
        ...(endpoint ? placeOf(model, endpoint.id, 'Properties', 'RouteTableIds') : placeOf(model, tableId)),
        message: `${listed(names)} ${names.length === 1 ? 'leads' : 'lead'} S3 through NAT, which is charged by the gigabyte: ${endpoint ? `${endpoint.name} is not associated with ${names.length === 1 ? 'it' : 'them'}` : 'a gateway endpoint costs nothing'}.`,
        fix: endpoint
          ? `RouteTableIds: [${refs}]   # besides those it has`
          : [
              'S3Endpoint:',
              '  Type: AWS::EC2::VPCEndpoint',
              '  Properties:',
              `    VpcId: !Ref ${world.vpcs.get(vpcId)?.name}`,
              '    ServiceName: !Sub com.amazonaws.${AWS::Region}.s3',
              `    RouteTableIds: [${refs}]`,
            ].join('\n'),
      };
    }
  },
};
