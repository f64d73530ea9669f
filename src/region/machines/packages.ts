/**
 * Packages that an instance installs. Node is this machine's own under the names that Amazon Linux gives it; the
 * repository they come from is a bucket that the network and the endpoint's policy must let the instance reach.
 * https://docs.aws.amazon.com/linux/al2023/ug/nodejs.html
 */
import { appendFile, readFile } from 'node:fs/promises';
import type { ConsoleLog } from './console-log.ts';
import type { Egress } from './egress.ts';
import { BootError, NotModelled } from './errors.ts';
import type { InstanceFiles } from './instance-files.ts';
import type { MachineHost, MachineSpec } from './machine.ts';

export interface Packages {
  /** Throws `NotModelled` naming every unknown one, `BootError` when the repository cannot be reached. */
  install(names: readonly string[]): Promise<void>;
  isInstalled(name: string): Promise<boolean>;
  /** Reaches the repository and changes nothing: `dnf update`, `dnf makecache`. */
  refresh(): Promise<void>;
}

const agent = 'amazon-cloudwatch-agent';
/** Part of every Amazon Linux image, so that installing them changes nothing. */
const preinstalled = new Set([
  'aws-cfn-bootstrap',
  'bash',
  'ca-certificates',
  'coreutils',
  'curl-minimal',
  'gzip',
  'shadow-utils',
  'systemd',
  'tar',
  'tzdata',
  'unzip',
]);
const nodePattern = /^nodejs(\d\d)?(-npm|-libs|-devel|-docs|-full-i18n)?$/;
const nodeVersions = new Set([undefined, '18', '20', '22', '24']);
const record = '/var/lib/rpm/installed';

export function isKnownPackage(name: string): boolean {
  const node = nodePattern.exec(name);
  return name === agent || preinstalled.has(name) || (node !== null && nodeVersions.has(node[1]));
}

export function packages(
  host: MachineHost,
  spec: MachineSpec,
  files: InstanceFiles,
  egress: Egress,
  console: ConsoleLog,
): Packages {
  const repository = `al2023-repos-${spec.region}-de612dc2`;

  async function installed(): Promise<readonly string[]> {
    const text = await readFile(files.place(record), 'utf8').catch(() => '');
    return text.split('\n').filter((name) => name !== '');
  }

  async function refresh(): Promise<void> {
    const name = `${repository}.s3.dualstack.${spec.region}.amazonaws.com`;
    const { verdict } = await egress.way(name, 443).catch((error: Error) => {
      throw new BootError(`Error: Failed to download metadata for repo 'amazonlinux': ${error.message}`);
    });
    if (verdict.via?.kind !== 'gatewayEndpoint' && verdict.via?.kind !== 'interfaceEndpoint') return;
    const answer = host.endpointAllows?.(spec, verdict.via.id, 's3:GetObject', `arn:aws:s3:::${repository}/*`);
    if (answer && !answer.allowed) {
      throw new BootError(
        `Error: Failed to download metadata for repo 'amazonlinux': Status code: 403 for https://${name}/: ${answer.reason}`,
      );
    }
  }

  async function installNode(version: string): Promise<void> {
    const binary = `/usr/bin/node-${version}`;
    await files.link(process.execPath, binary, true);
    await files.link(process.execPath, '/usr/bin/node', true);
    const major = process.versions.node.split('.')[0];
    if (major !== version) {
      console.boot(`orrery: Node.js ${version} is asked for; this machine's own ${process.version} runs in its place`);
    }
  }

  return {
    refresh,
    isInstalled: async (name) => preinstalled.has(name) || (await installed()).includes(name),
    async install(names) {
      const unknown = names.filter((name) => !isKnownPackage(name));
      if (unknown.length > 0) {
        throw new NotModelled(`not modelled: the package${unknown.length > 1 ? 's' : ''} ${unknown.join(', ')}`);
      }
      const there = new Set(await installed());
      const missing = names.filter((name) => !preinstalled.has(name) && !there.has(name));
      if (missing.length === 0) return;
      await refresh();
      for (const name of missing) {
        const node = nodePattern.exec(name);
        if (node && (node[2] === undefined || node[2] === '-npm')) await installNode(node[1] ?? '18');
        if (node?.[2] === '-npm') console.boot('orrery: npm itself is not modelled; a release brings what it needs');
      }
      await files.write(record, '', 0o644).catch(() => {});
      await appendFile(files.place(record), `${[...there, ...missing].join('\n')}\n`);
      console.boot(`Installed: ${missing.join(' ')}`);
    },
  };
}
