/** Services that VPC endpoints can lead to, and the names that stand for them. */
import type {
  DescribeVpcEndpointServicesRequest,
  DescribeVpcEndpointServicesResult,
  ServiceDetail,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { select } from './describe.ts';
import { serviceEndpoints } from './public-services.ts';

interface EndpointService {
  /** `com.amazonaws.us-east-1.monitoring` */
  readonly name: string;
  readonly type: 'Gateway' | 'Interface';
  /** `monitoring.us-east-1.amazonaws.com`; a name that begins with `*.` stands for every name below it, too. */
  readonly privateDnsNames: readonly string[];
}

/** Global services have no endpoint in a region. */
const global = new Set(['iam', 'route53', 'acm']);

/** Names that are not `<service>.<region>.amazonaws.com`. */
const otherNames: Readonly<Record<string, (region: string) => readonly string[]>> = {
  'ecr.api': (region) => [`api.ecr.${region}.amazonaws.com`],
  'ecr.dkr': (region) => [`*.dkr.ecr.${region}.amazonaws.com`],
  'ecs-agent': (region) => [`ecs-a-*.${region}.amazonaws.com`],
  'ecs-telemetry': (region) => [`ecs-t-*.${region}.amazonaws.com`],
  'execute-api': (region) => [`*.execute-api.${region}.amazonaws.com`],
};

const memo = new Map<string, readonly EndpointService[]>();

export function endpointServices({ region }: Pick<Scope, 'region'>): readonly EndpointService[] {
  let all = memo.get(region);
  if (!all) {
    all = serviceEndpoints
      .filter((name) => !global.has(name))
      .map((name): EndpointService => {
        const gateway = name === 's3' || name === 'dynamodb';
        const names = otherNames[name]?.(region) ?? [`${name}.${region}.amazonaws.com`];
        return {
          name: `com.amazonaws.${region}.${name}`,
          type: gateway ? 'Gateway' : 'Interface',
          privateDnsNames: gateway ? [] : names,
        };
      });
    memo.set(region, all);
  }
  return all;
}

export function needEndpointService(scope: Scope, name: string): EndpointService {
  const found = endpointServices(scope).find((one) => one.name === name);
  if (found) return found;
  throw new Fault('InvalidServiceName', `The Vpc Endpoint Service '${name}' does not exist`);
}

export function describeVpcEndpointServices(
  input: DescribeVpcEndpointServicesRequest,
  call: Call,
): DescribeVpcEndpointServicesResult {
  const { records, NextToken } = select(call, input, {
    table: endpointServices(call),
    id: (one) => one.name,
    fields: {
      owner: () => 'amazon',
      'service-name': (one) => one.name,
      'service-type': (one) => one.type,
    },
    ids: input.ServiceNames,
    need: needEndpointService,
  });
  return {
    ServiceNames: records.map((one) => one.name),
    ServiceDetails: records.map(
      (one): ServiceDetail => ({
        ServiceName: one.name,
        ServiceId: `vpce-svc-${one.name}`,
        ServiceType: [{ ServiceType: one.type }],
        ServiceRegion: call.region,
        AvailabilityZones: [...call.zones],
        Owner: 'amazon',
        BaseEndpointDnsNames: [`${one.name.split('.').slice(3).join('.')}.${call.region}.vpce.amazonaws.com`],
        ...(one.privateDnsNames[0]
          ? {
              PrivateDnsName: one.privateDnsNames[0],
              PrivateDnsNames: one.privateDnsNames.map((PrivateDnsName) => ({ PrivateDnsName })),
              PrivateDnsNameVerificationState: 'verified' as const,
            }
          : {}),
        VpcEndpointPolicySupported: true,
        AcceptanceRequired: false,
        ManagesVpcEndpoints: false,
        Tags: [],
        SupportedIpAddressTypes: ['ipv4'],
      }),
    ),
    NextToken,
  };
}
