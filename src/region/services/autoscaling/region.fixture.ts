/** Auto Scaling with EC2 and Elastic Load Balancing behind the real endpoint on a socket, with still machines and balancers. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { type Clock, realClock } from '../../clock/clock.ts';
import { memoryStore } from '../../store/memory-store.ts';
import type { Store } from '../../store/store.ts';
import type { BalancerPlane, TargetHealth } from '../../traffic/planes.ts';
import { createEndpoint } from '../../wire/endpoint.ts';
import type { Authoriser } from '../dispatcher.ts';
import { publicImages } from '../ec2/image.ts';
import { ec2Region, root } from '../ec2/region.fixture.ts';
import { elasticLoadBalancing } from '../elasticloadbalancing/index.ts';
import type { Caller, Service } from '../service.ts';
import { autoScaling } from './index.ts';

/** Every target is healthy until told otherwise; nothing is in flight until told. */
export function stillBalancer() {
  const unhealthy = new Set<string>();
  let allUnhealthy = false;
  const busy = new Set<string>();
  const watchers = new Set<Parameters<BalancerPlane['onHealth']>[0]>();
  const sick: TargetHealth = { state: 'unhealthy', reason: 'Target.Timeout', description: 'Request timed out' };
  const plane: BalancerPlane = {
    routes: () => [],
    targetHealth: (_group, id) => (allUnhealthy || unhealthy.has(id) ? sick : { state: 'healthy' }),
    onHealth(changed) {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
    inFlight: (_group, id) => (busy.has(id) ? 1 : 0),
  };
  return {
    plane,
    busy,
    failAll() {
      allUnhealthy = true;
    },
    fail(group: string, id: string, port = 8080) {
      unhealthy.add(id);
      for (const tell of [...watchers]) tell(group, id, port, sick);
    },
  };
}

export function groupRegion(
  options: {
    store?: Store;
    seed?: number;
    services?: readonly Service[];
    authorise?: Authoriser;
    startMs?: number;
  } = {},
) {
  const { store = memoryStore(), services = [], ...rest } = options;
  const all = [autoScaling, elasticLoadBalancing, ...services];
  const region = ec2Region({ ...rest, store, services: all });
  const balancer = stillBalancer();
  Object.assign(region.scope.planes, { balancer: balancer.plane });
  const invoke = <O = Record<string, unknown>>(service: string, operation: string, input: object) =>
    region.scope.invoke<O>(root, service, operation, input);
  return { ...region, balancer, invoke, services: region.dispatcher.services };
}

export type GroupRegion = ReturnType<typeof groupRegion>;

/** The region's endpoint on a socket, with clients that sign with model time. */
export async function onSocket(region: Pick<GroupRegion, 'dispatcher' | 'services'> & { readonly clock: Clock }) {
  const { clock, dispatcher, services } = region;
  const failures: unknown[] = [];
  let requests = 0;
  const endpoint = createEndpoint<Caller>({
    services: [...services.values()].map((service) => ({
      ...service,
      ...(service.name === 'cloudwatch' ? { signingName: 'monitoring' } : {}),
    })),
    defaultRegion: 'us-east-1',
    anonymous: { kind: 'anonymous' },
    nowMs: () => clock.now(),
    requestId: () => String(++requests).padStart(16, '0'),
    credentials: (key) => (key === 'test' ? { secretAccessKey: 'test', identity: root } : undefined),
    invoke: ({ identity, http, ...request }) =>
      dispatcher.call({ ...request, http, caller: identity, via: { sourceIp: '203.0.113.7', secure: true } }),
    failed: (error) => failures.push(error),
    preflight: () => ({ status: 403, headers: {}, body: undefined }),
    corsHeaders: () => ({}),
  });
  const server = createServer((request, response) => endpoint.serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const real = realClock();
  const clients: { destroy(): void }[] = [];
  type Config = { region: string; endpoint: string; credentials: object; maxAttempts: number };
  return {
    url,
    failures,
    client<C extends { config: object; destroy(): void }>(Client: new (config: never) => C): C {
      const config: Config = {
        region: 'us-east-1',
        endpoint: url,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        maxAttempts: 1,
      };
      const client = new Client(config as never);
      Object.defineProperty(client.config, 'systemClockOffset', { get: () => clock.now() - real.now(), set() {} });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      clock.stop();
      real.stop();
    },
  };
}

export async function groupsOnSocket(options: Parameters<typeof groupRegion>[0] = {}) {
  const region = groupRegion(options);
  const socket = await onSocket(region);
  return { ...region, ...socket, autoScaling: socket.client(AutoScalingClient) };
}

/** A VPC with private subnets in three zones, a launch template, and a target group that a balancer uses. */
export async function surroundings({ invoke }: Pick<GroupRegion, 'invoke'>) {
  const made = async <T>(service: string, operation: string, input: object) => invoke<T>(service, operation, input);
  const { Vpc } = await made<{ Vpc: { VpcId: string } }>('ec2', 'CreateVpc', { CidrBlock: '10.0.0.0/16' });
  const { VpcId } = Vpc;
  const { InternetGateway } = await made<{ InternetGateway: { InternetGatewayId: string } }>(
    'ec2',
    'CreateInternetGateway',
    {},
  );
  await made('ec2', 'AttachInternetGateway', { VpcId, InternetGatewayId: InternetGateway.InternetGatewayId });
  const subnets: string[] = [];
  for (const [n, zone] of ['a', 'b', 'c'].entries()) {
    const { Subnet } = await made<{ Subnet: { SubnetId: string } }>('ec2', 'CreateSubnet', {
      VpcId,
      CidrBlock: `10.0.${n}.0/24`,
      AvailabilityZone: `us-east-1${zone}`,
    });
    subnets.push(Subnet.SubnetId);
  }
  const template = await made<{ LaunchTemplate: { LaunchTemplateId: string } }>('ec2', 'CreateLaunchTemplate', {
    LaunchTemplateName: 'api',
    LaunchTemplateData: {
      ImageId: publicImages('us-east-1').find(({ architecture }) => architecture === 'arm64')?.imageId,
      InstanceType: 't4g.small',
      Monitoring: { Enabled: true },
      MetadataOptions: { HttpTokens: 'required' },
    },
  });
  const { TargetGroups } = await made<{ TargetGroups: { TargetGroupArn: string }[] }>(
    'elasticloadbalancing',
    'CreateTargetGroup',
    { Name: 'api', Protocol: 'HTTP', Port: 8080, VpcId },
  );
  const [targetGroup = { TargetGroupArn: '' }] = TargetGroups;
  return {
    VpcId,
    subnets,
    templateId: template.LaunchTemplate.LaunchTemplateId,
    targetGroupArn: targetGroup.TargetGroupArn,
    /** Without a balancer in front of it, a target group has nothing to drain. */
    async balance() {
      const { LoadBalancers } = await made<{ LoadBalancers: { LoadBalancerArn: string }[] }>(
        'elasticloadbalancing',
        'CreateLoadBalancer',
        { Name: 'front', Subnets: subnets.slice(0, 2) },
      );
      await made('elasticloadbalancing', 'CreateListener', {
        LoadBalancerArn: LoadBalancers[0]?.LoadBalancerArn,
        Protocol: 'HTTP',
        Port: 80,
        DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroup.TargetGroupArn }],
      });
    },
  };
}
