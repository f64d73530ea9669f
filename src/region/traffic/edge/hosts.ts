/** Which distribution a host means. */
import type { EdgeConfig } from './config.ts';

export type Hosts = ReadonlyMap<string, EdgeConfig>;

/** By domain name and alias, lower case; an alias may begin with `*.` */
export function hostsOf(configs: readonly EdgeConfig[]): Hosts {
  return new Map(
    configs.flatMap((config) => [config.domainName, ...config.aliases].map((name) => [name.toLowerCase(), config])),
  );
}

/** @param host lower case, without a port */
export function distributionAt(hosts: Hosts, host: string): EdgeConfig | undefined {
  return hosts.get(host) ?? hosts.get(host.replace(/^[^.]+/, '*'));
}
