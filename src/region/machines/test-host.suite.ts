/**
 * A host for tests of machine drivers, of real parts: the model's fabric over the example world, and a small AWS endpoint
 * that holds one release and keeps what it is told.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { type Clock, realClock } from '../clock/clock.ts';
import { seededRandom } from '../clock/random.ts';
import { buildWorld } from '../network/build-world.ts';
import { exampleParts } from '../network/example-world.ts';
import { type NetworkFault, withFaults, zoneIsDown } from '../network/faults.ts';
import type { World, WorldParts } from '../network/world.ts';
import type { Fabric } from '../traffic/fabric.ts';
import { modelFabric } from '../traffic/model-fabric.ts';
import type { MachineHost, MachineSpec, MachineVia } from './machine.ts';

export interface AwsRequestSeen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly via: MachineVia;
}

export interface TestHost extends MachineHost {
  readonly fabric: Fabric;
  readonly clock: Clock;
  /** Changes the network from now on. */
  setWorld(change: (parts: WorldParts) => WorldParts): void;
  /** Breaks parts of it. */
  setFaults(...faults: NetworkFault[]): void;
  /** Objects of S3 by `bucket/key`. */
  readonly objects: Map<string, Uint8Array>;
  /** Metadata by logical id. */
  readonly metadata: Map<string, Record<string, unknown>>;
  readonly awsRequests: AwsRequestSeen[];
  readonly signals: { instanceId: string; status: string; reason: string | undefined }[];
  readonly impossible: string[];
  readonly notes: { kind: string; text: string }[];
  readonly dropped: string[];
  /** What the network counted. */
  readonly counted: { metric: string; dimensions: Readonly<Record<string, string>>; value: number }[];
  /** Answers of other services than S3: `undefined` gives 200 and an empty body. */
  answer: (request: AwsRequestSeen) => { status: number; body: string } | undefined;
  dispose(): Promise<void>;
}

/** Names of the example world, with services that it has no endpoint for at public addresses. */
const names: Readonly<Record<string, string>> = {
  's3.us-east-1.amazonaws.com': '52.216.1.1',
  'al2023-repos-us-east-1-de612dc2.s3.dualstack.us-east-1.amazonaws.com': '52.216.1.2',
  'monitoring.us-east-1.amazonaws.com': '10.0.10.40',
  'logs.us-east-1.amazonaws.com': '52.94.133.1',
  'ec2.us-east-1.amazonaws.com': '52.94.133.2',
  'cloudformation.us-east-1.amazonaws.com': '52.94.133.3',
  'db.internal': '10.0.11.30',
};

export function testHost(clock: Clock = realClock()): TestHost {
  const machinesDir = mkdtempSync(join(tmpdir(), 'orrery-machines-'));
  let world: World = buildWorld(exampleParts);
  const dropped: string[] = [];
  const counted: TestHost['counted'] = [];
  const fabric = modelFabric({
    clock,
    world: () => world,
    meter: {
      count: (namespace, metric, dimensions, value) =>
        void counted.push({ metric: `${namespace} ${metric}`, dimensions: dimensions[0] ?? {}, value }),
    },
    dropped: (_trip, text) => void dropped.push(text),
  });
  const host: TestHost = {
    clock,
    random: seededRandom(7),
    fabric,
    machinesDir,
    zoneIsDown: (zone) => zoneIsDown(world, zone),
    objects: new Map(),
    metadata: new Map(),
    awsRequests: [],
    signals: [],
    impossible: [],
    notes: [],
    dropped,
    counted,
    answer: () => undefined,
    setWorld(change) {
      world = buildWorld(change(exampleParts));
    },
    setFaults(...faults) {
      world = withFaults(buildWorld(exampleParts), faults);
    },
    roleCredentials: async (spec) => ({
      accessKeyId: `ASIA${spec.instanceId.slice(2, 14).toUpperCase()}`,
      secretAccessKey: 'secret',
      sessionToken: 'session',
      expirationMs: clock.now() + 6 * 3_600_000,
    }),
    serveAws(request, response, via) {
      void serve(host, request, response, via);
    },
    async describeStackResource(_spec, _stack, logicalId) {
      const metadata = host.metadata.get(logicalId);
      if (!metadata) throw new Error(`Resource ${logicalId} does not exist`);
      return { metadata };
    },
    async signalResource(spec, _stack, _logicalId, status, reason) {
      host.signals.push({ instanceId: spec.instanceId, status, reason });
    },
    signalImpossible: (_spec, reason) => void host.impossible.push(reason),
    resolve: async (_spec, name) => (names[name] === undefined ? [] : [names[name]]),
    note: (kind, text) => void host.notes.push({ kind, text }),
    async dispose() {
      clock.stop();
      await rm(machinesDir, { recursive: true, force: true });
    },
  };
  return host;
}

async function serve(
  host: TestHost,
  request: IncomingMessage,
  response: ServerResponse,
  via: MachineVia,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { method = '', url = '', headers } = request;
  const seen = { method, url, headers, body: Buffer.concat(chunks).toString('utf8'), via };
  host.awsRequests.push(seen);
  const s3 = /\/s3\/aws4_request/.test(headers.authorization ?? '');
  const given = host.answer(seen);
  if (given || !s3) {
    response.writeHead(given?.status ?? 200).end(given?.body ?? '');
    return;
  }
  const object = host.objects.get(decodeURIComponent(url.split('?')[0]?.slice(1) ?? ''));
  if (!object) response.writeHead(404).end('<Error><Code>NoSuchKey</Code><Message>The key is gone.</Message></Error>');
  else response.writeHead(200, { 'content-length': object.length }).end(object);
}

let made = 0;

/** An instance at the example world's first machine (`ApiA`, 10.0.10.30), or its second. */
export function testSpec(overrides: Partial<MachineSpec> = {}, zone: 'a' | 'b' = 'a'): MachineSpec {
  const third = zone === 'a' ? 10 : 11;
  return {
    instanceId: `i-0${(++made).toString(16).padStart(16, '0')}`,
    account: '123456789012',
    region: 'us-east-1',
    zone: `us-east-1${zone}`,
    imageId: 'ami-0123456789abcdef0',
    instanceType: 't4g.small',
    vpcId: 'vpc-1',
    subnetId: `subnet-PrivateSubnet${zone.toUpperCase()}`,
    interfaceId: `eni-Api${zone.toUpperCase()}`,
    privateIp: `10.0.${third}.30`,
    privateDnsName: `ip-10-0-${third}-30.ec2.internal`,
    macAddress: '02:00:00:00:0a:1e',
    securityGroupNames: ['ApiGroup'],
    instanceProfileArn: 'arn:aws:iam::123456789012:instance-profile/app',
    roleName: 'app-role',
    tags: { Name: 'api' },
    metadata: { httpTokens: 'required', hopLimit: 1, enabled: true, instanceTags: false },
    launchedAtMs: 0,
    ...overrides,
  };
}

/** A release as the blueprint's: a zip with the given files. */
export function releaseZip(files: Readonly<Record<string, string>>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)])));
}

export const bootScript = `#!/bin/bash -x
# release: app/1.zip
/opt/aws/bin/cfn-init -v --stack app --resource Template --region us-east-1 --configsets default
/opt/aws/bin/cfn-signal -e $? --stack app --resource Group --region us-east-1
`;

/** Boot metadata like a template's: Node, a release from S3, a systemd service. */
export function bootMetadata(unit: Readonly<Record<string, string>> = {}): Record<string, unknown> {
  const lines = {
    ExecStart: '/usr/bin/node /opt/api/server.js',
    WorkingDirectory: '/opt/api',
    User: 'ec2-user',
    Restart: 'always',
    RestartSec: '0',
    Environment: 'PORT=8080',
    TimeoutStopSec: '5',
    ...unit,
  };
  const service = Object.entries(lines).map(([key, value]) => `${key}=${value}`);
  return {
    'AWS::CloudFormation::Authentication': {
      S3: { type: 'S3', roleName: 'app-role', buckets: ['releases'] },
    },
    'AWS::CloudFormation::Init': {
      configSets: { default: ['install', 'run'] },
      install: { packages: { yum: { nodejs20: [] } }, sources: { '/opt/api': releaseUrl } },
      run: {
        files: {
          '/etc/systemd/system/api.service': {
            content: `[Unit]\nDescription=API\n[Service]\n${service.join('\n')}\n[Install]\nWantedBy=multi-user.target\n`,
            mode: '000644',
            owner: 'root',
            group: 'root',
          },
        },
        services: {
          systemd: { api: { enabled: 'true', ensureRunning: 'true', files: ['/etc/systemd/system/api.service'] } },
        },
      },
    },
  };
}

const releaseUrl = 'https://releases.s3.us-east-1.amazonaws.com/app/1.zip';
