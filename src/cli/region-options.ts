/** Options of the commands that start a region: declared, read and handed on in one place. */
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import { defaultPorts, type Ports } from '../region/region.ts';
import type { RootKey } from '../region/services/iam/credentials.ts';

/** As commander reads them. */
export interface RegionArguments {
  readonly port: string;
  readonly tlsPort: string;
  readonly httpPort: string;
  readonly awsPort: string;
  readonly dnsPort: string;
  readonly rootKey?: string;
  readonly anyCredentials?: boolean;
  readonly allowReset?: boolean;
  readonly timeScale: string;
}

export interface RegionChoices {
  readonly ports: Ports;
  readonly rootKey: RootKey;
  readonly anyCredentials: boolean;
  readonly allowReset: boolean;
  readonly timeScale: number;
}

export const portOptions: Readonly<Record<keyof Ports, string>> = {
  https: '--port',
  tls: '--tls-port',
  http: '--http-port',
  aws: '--aws-port',
  dns: '--dns-port',
};

const portMeanings: Readonly<Record<keyof Ports, string>> = {
  https: 'front door: HTTP that stands for HTTPS',
  tls: 'front door with real TLS',
  http: 'front door that stands for port 80',
  aws: 'the AWS endpoint',
  dns: 'DNS, UDP and TCP',
};

const doors = Object.keys(portOptions) as (keyof Ports)[];

export function withRegionOptions(command: Command): Command {
  for (const door of doors) {
    command.option(`${portOptions[door]} <port>`, portMeanings[door], String(defaultPorts[door]));
  }
  return command
    .option('--root-key <id:secret>', 'the key of the root user, in the place of test:test')
    .option('--any-credentials', 'take unknown keys for root, without looking at their signatures')
    .option('--allow-reset', 'serve POST /_orrery/reset')
    .option('--time-scale <n>', 'run the control loops n times as fast: at 60 their minutes pass as seconds', '1');
}

export function regionChoices(given: RegionArguments): RegionChoices {
  const port = (door: keyof Ports, value: string): number => {
    const number = Number(value);
    if (value.trim() !== '' && Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
    throw new UserError(`${portOptions[door]} must be a port from 0 to 65535, not "${value}".`);
  };
  return {
    ports: {
      https: port('https', given.port),
      tls: port('tls', given.tlsPort),
      http: port('http', given.httpPort),
      aws: port('aws', given.awsPort),
      dns: port('dns', given.dnsPort),
    },
    rootKey: rootKeyOf(given.rootKey),
    anyCredentials: given.anyCredentials ?? false,
    allowReset: given.allowReset ?? false,
    timeScale: timeScaleOf(given.timeScale),
  };
}

/** Faster than that, a health check would be late before it was answered. */
const fastest = 600;

function timeScaleOf(text: string): number {
  const scale = Number(text);
  if (text.trim() !== '' && scale >= 1 && scale <= fastest) return scale;
  throw new UserError(`--time-scale must be a number from 1 to ${fastest}, not "${text}".`);
}

function rootKeyOf(text: string | undefined): RootKey {
  if (text === undefined) return { accessKeyId: 'test', secretAccessKey: 'test' };
  const [, accessKeyId, secretAccessKey] = /^(\w{3,128}):(\S+)$/.exec(text) ?? [];
  if (!accessKeyId || !secretAccessKey) {
    throw new UserError(
      `--root-key must be an access key id and its secret with a colon between, not "${text}".`,
      'For example: --root-key AKIAEXAMPLE:secret',
    );
  }
  return { accessKeyId, secretAccessKey };
}

/** The same choices again, for another process. */
export function regionArguments({ ports, rootKey, anyCredentials, allowReset, timeScale }: RegionChoices): string[] {
  return [
    ...doors.flatMap((door) => [portOptions[door], String(ports[door])]),
    '--root-key',
    `${rootKey.accessKeyId}:${rootKey.secretAccessKey}`,
    '--time-scale',
    String(timeScale),
    ...(anyCredentials ? ['--any-credentials'] : []),
    ...(allowReset ? ['--allow-reset'] : []),
  ];
}
