/** All distributions at a few edge locations: which one a host means, and the configuration that they serve from. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../clock/clock.ts';
import type { Random } from '../../clock/random.ts';
import type { Fabric, Peer } from '../fabric.ts';
import { type CertificateConfig, localListener } from '../local-listener.ts';
import type { EdgePlane, Meter } from '../planes.ts';
import type { EdgeConfig } from './config.ts';
import { errorPage } from './error-page.ts';
import { functionSandbox } from './function-sandbox.ts';
import { writeHead } from './headers.ts';
import { distributionAt, type Hosts, hostsOf } from './hosts.ts';
import { edgeMeter } from './measure.ts';
import { objectSource } from './objects.ts';
import { type FetchS3, origins } from './origin.ts';
import { type EdgeLocation, serve } from './serve.ts';
import { tunnelToOrigin } from './upgrade.ts';

export interface EdgeOptions {
  readonly fabric: Fabric;
  readonly clock: Clock;
  readonly random: Random;
  readonly meter?: Meter;
  readonly fetchS3: FetchS3;
  /** Addresses of an origin's name, as a resolver on the internet gives them. */
  resolve(name: string): readonly string[] | Promise<readonly string[]>;
  note(kind: string, text: string, data?: Record<string, unknown>): void;
  /** For `*.cloudfront.net`. */
  readonly defaultCertificate?: () => CertificateConfig | undefined;
  /** Authorities, PEM, that origins' certificates are checked against; Node's own where left out. */
  readonly certificateAuthorities?: () => readonly string[];
  /** All distributions together; 128 MiB where left out. */
  readonly cacheBytes?: number;
  /** Larger objects stream through; 16 MiB where left out. */
  readonly objectBytes?: number;
}

export interface RunningEdge extends EdgePlane {
  /** Swaps the configuration in whole. */
  apply(configs: readonly EdgeConfig[]): void;
  close(): void;
}

/** Of the benchmarking range (RFC 2544), which nobody in the model has otherwise. */
const ipv4Addresses = ['198.19.0.1', '198.19.0.2', '198.19.0.3'];
/** Of IPv6's benchmarking range (RFC 5180). */
const ipv6Addresses = ['2001:2::1', '2001:2::2', '2001:2::3'];
/** Towards origins, within CloudFront's origin-facing prefix list. */
export const originFacing = ['130.176.0.1', '130.176.0.2', '130.176.0.3'];
const mebibyte = 1024 * 1024;

export function startEdge(options: EdgeOptions): RunningEdge {
  const { fabric, clock, random, note } = options;
  let configs: readonly EdgeConfig[] = [];
  let byHost: Hosts = new Map();
  const sources = origins(options);
  const sandbox = functionSandbox(clock, random);
  const objects = objectSource({
    clock,
    origins: sources,
    cacheBytes: options.cacheBytes ?? 128 * mebibyte,
    objectBytes: options.objectBytes ?? 16 * mebibyte,
    originFailed({ config, behaviour }, error) {
      const cause = error.cause instanceof Error ? error.cause.message : error.message;
      note('origin-failed', `${config.name}: origin ${behaviour.origin.domainName}: ${error.status}: ${cause}`, {
        distribution: config.id,
        origin: behaviour.origin.id,
      });
    },
  });
  const location: EdgeLocation = { clock, random, sandbox, objects, meter: edgeMeter(options.meter), note };

  function certificates(): readonly CertificateConfig[] {
    const own = options.defaultCertificate?.();
    return [...(own ? [own] : []), ...configs.flatMap(({ certificate }) => (certificate ? [certificate] : []))];
  }

  function configFor(request: IncomingMessage): EdgeConfig | undefined {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
    // Browsers find the model at names under `.localhost` without any set-up.
    return find(host) ?? (host.endsWith('.localhost') ? find(host.slice(0, -'.localhost'.length)) : undefined);
  }

  function find(host: string): EdgeConfig | undefined {
    return distributionAt(byHost, host);
  }

  function handle(
    request: IncomingMessage,
    response: ServerResponse,
    from: { client: Peer; secure: boolean; edgeAddress: string },
  ): void {
    request.on('error', () => {});
    response.on('error', () => {});
    const config = configFor(request);
    if (!config?.enabled) {
      const id = `${random.text(54)}==`;
      const page = errorPage(403, 'The distribution is not configured for this domain name, or is disabled.', id);
      writeHead(response, page.status, page.headers);
      response.end(request.method === 'HEAD' ? undefined : page.body);
      return;
    }
    serve(location, config, request, response, from).catch((error: unknown) => {
      note('edge-failed', error instanceof Error ? (error.stack ?? error.message) : String(error));
      response.destroy();
    });
  }

  const closers: (() => void)[] = [];
  for (const [index, edgeAddress] of originFacing.entries()) {
    for (const [port, protocol] of [
      [80, 'HTTP'],
      [443, 'HTTPS'],
    ] as const) {
      const secure = port === 443;
      const local = localListener(protocol, certificates, {
        request: (request, response, client) => handle(request, response, { client, secure, edgeAddress }),
        upgrade(request, socket, head, client) {
          const config = configFor(request);
          void tunnelToOrigin(options, config, { request, socket, head, client, secure, edgeAddress });
        },
      });
      const listener = { ...local.listener, outside: true } as const;
      closers.push(local.close);
      for (const address of [ipv4Addresses[index], ipv6Addresses[index]]) {
        if (address !== undefined) closers.push(fabric.listen(address, port, listener));
      }
    }
  }

  return {
    apply(next) {
      const kept = new Set(next.map(({ id }) => id));
      for (const { id } of configs) if (!kept.has(id)) objects.forget(id);
      configs = next;
      byHost = hostsOf(next);
    },
    async invalidate(distributionId, paths) {
      const count = objects.invalidate(distributionId, paths);
      note('invalidated', `${distributionId}: ${paths.join(' ')}: ${count} objects evicted`, { distributionId });
    },
    addresses(domainName) {
      const config = find(domainName.toLowerCase().replace(/\.$/, ''));
      return config && { ipv4: ipv4Addresses, ipv6: config.ipv6 ? ipv6Addresses : [] };
    },
    close() {
      for (const close of closers) close();
      sources.close();
      sandbox.close();
    },
  };
}
