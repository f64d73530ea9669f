/**
 * What the metadata service says, as a tree: a folder lists its names without a newline at the end, folders among them
 * with a slash. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html
 */
import { architectureOf } from './instance-types.ts';
import type { MachineHost, MachineSpec } from './machine.ts';

export type MetadataTree = (
  path: readonly string[],
) => Promise<{ readonly body: string; readonly type?: string } | undefined>;

type Leaf = string | (() => string | undefined | Promise<string | undefined>);
interface Folder {
  readonly [name: string]: Leaf | Folder | undefined;
}

export function metadataTree(host: MachineHost, spec: MachineSpec): MetadataTree {
  const root: Folder = {
    dynamic: { 'instance-identity': { document: () => identityDocument(spec) } },
    'meta-data': metaData(host, spec),
    'user-data': spec.userData,
  };
  return async (path) => {
    let here: Leaf | Folder | undefined = root;
    for (const name of path) {
      if (typeof here !== 'object' || !Object.hasOwn(here, name)) return undefined;
      here = here[name];
    }
    if (here === undefined) return undefined;
    if (typeof here === 'object') return { body: listing(here, path) };
    const body = typeof here === 'string' ? here : await here();
    if (body === undefined) return undefined;
    return path[0] === 'user-data' ? { body, type: 'application/octet-stream' } : { body };
  };
}

function listing(folder: Folder, path: readonly string[]): string {
  const names = Object.entries(folder).filter(([, value]) => value !== undefined);
  // The three names at the top have no slash.
  return names.map(([name, value]) => (typeof value === 'object' && path.length > 0 ? `${name}/` : name)).join('\n');
}

function metaData(host: MachineHost, spec: MachineSpec): Folder {
  const role = spec.roleName;
  return {
    'ami-id': spec.imageId,
    'ami-launch-index': '0',
    'ami-manifest-path': '(unknown)',
    autoscaling: host.targetLifecycleState?.(spec)
      ? { 'target-lifecycle-state': () => host.targetLifecycleState?.(spec) }
      : undefined,
    hostname: spec.privateDnsName,
    iam: spec.instanceProfileArn
      ? {
          info: () => profileInfo(host, spec),
          'security-credentials': role === undefined ? {} : { [role]: () => credentials(host, spec) },
        }
      : undefined,
    'instance-action': 'none',
    'instance-id': spec.instanceId,
    'instance-life-cycle': 'on-demand',
    'instance-type': spec.instanceType,
    ipv6: spec.ipv6,
    'local-hostname': spec.privateDnsName,
    'local-ipv4': spec.privateIp,
    mac: spec.macAddress,
    network: { interfaces: { macs: { [spec.macAddress]: networkInterface(spec) } } },
    placement: { 'availability-zone': spec.zone, region: spec.region },
    profile: 'default-hvm',
    'public-ipv4': spec.publicIp,
    'security-groups': spec.securityGroupNames.join('\n'),
    services: { domain: 'amazonaws.com', partition: 'aws' },
    tags: spec.metadata.instanceTags ? { instance: { ...spec.tags } } : undefined,
  };
}

function networkInterface(spec: MachineSpec): Folder {
  return {
    'device-number': '0',
    'interface-id': spec.interfaceId,
    ipv6s: spec.ipv6,
    'local-hostname': spec.privateDnsName,
    'local-ipv4s': spec.privateIp,
    mac: spec.macAddress,
    'owner-id': spec.account,
    'public-ipv4s': spec.publicIp,
    'security-groups': spec.securityGroupNames.join('\n'),
    'subnet-id': spec.subnetId,
    'vpc-id': spec.vpcId,
  };
}

function profileInfo(host: MachineHost, spec: MachineSpec): string {
  return pretty({
    Code: 'Success',
    LastUpdated: seconds(host.clock.now()),
    InstanceProfileArn: spec.instanceProfileArn,
    InstanceProfileId: spec.instanceProfileId,
  });
}

async function credentials(host: MachineHost, spec: MachineSpec): Promise<string> {
  const given = await host.roleCredentials(spec);
  return pretty({
    Code: 'Success',
    LastUpdated: seconds(host.clock.now()),
    Type: 'AWS-HMAC',
    AccessKeyId: given.accessKeyId,
    SecretAccessKey: given.secretAccessKey,
    Token: given.sessionToken,
    Expiration: seconds(given.expirationMs),
  });
}

function identityDocument(spec: MachineSpec): string {
  return pretty({
    accountId: spec.account,
    architecture: architectureOf(spec.instanceType),
    availabilityZone: spec.zone,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: spec.imageId,
    instanceId: spec.instanceId,
    instanceType: spec.instanceType,
    kernelId: null,
    pendingTime: seconds(spec.launchedAtMs),
    privateIp: spec.privateIp,
    ramdiskId: null,
    region: spec.region,
    version: '2017-09-30',
  });
}

function pretty(value: object): string {
  return JSON.stringify(value, null, 2);
}

/** `2026-01-31T12:00:00Z` */
function seconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
