/** What every part of a trace has at hand. */

import type { BalancerConfig, DnsSnapshot } from '../../region/decisions.ts';
import {
  type NodeConfig,
  originFacing,
  servingNodes,
  type TargetConfig,
  type TargetGroupConfig,
} from '../../region/decisions.ts';
import type { RoundTrip } from '../../region/network/verdict.ts';
import type { Model } from '../model/model.ts';
import { type Names, namesOf } from './names.ts';
import { anyPorts, ask } from './packets.ts';

export interface Tracing {
  /** Of an edge location that asks an origin. */
  readonly edgeAddress: string;
  readonly model: Model;
  readonly names: Names;
  readonly balancers: readonly BalancerConfig[];
  /** As clients outside are answered. */
  readonly dns: DnsSnapshot;
  /** What the health checks of a node find of a target: whether the network lets them through. */
  health(node: NodeConfig, group: TargetGroupConfig, target: TargetConfig): RoundTrip;
  isHealthy(node: NodeConfig, group: TargetGroupConfig, target: TargetConfig): boolean;
  serving(config: BalancerConfig): readonly NodeConfig[];
}

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias.html */
const nameTtlSeconds = 60;

export function tracingOf(model: Model): Tracing {
  const { decisions } = model;
  const balancers = decisions.balancers();
  const checks = new Map<string, RoundTrip>();
  const tracing: Tracing = {
    model,
    names: namesOf(model),
    balancers,
    edgeAddress: originFacing[0] ?? '',
    dns: {
      zones: decisions.zones(),
      awsName(name) {
        const config = balancers.find(({ dnsName }) => dnsName.toLowerCase() === name);
        if (config) {
          const ipv4 = tracing.serving(config).map((node) => node.publicIp ?? node.privateIp);
          return { ipv4, ipv6: [], ttl: nameTtlSeconds };
        }
        const edge = name.endsWith('.cloudfront.net') ? decisions.edgeAddresses(name) : undefined;
        return edge && { ...edge, ttl: nameTtlSeconds };
      },
    },
    health(node, group, target) {
      const port = group.health.port === 'traffic-port' ? target.port : group.health.port;
      const key = `${node.interfaceId} ${target.address} ${port}`;
      let found = checks.get(key);
      if (!found) {
        const from = { address: node.privateIp, interfaceId: node.interfaceId, ports: anyPorts };
        found = ask(tracing, from, { address: target.address, port });
        checks.set(key, found);
      }
      return found;
    },
    isHealthy: (node, group, target) => !group.health.enabled || tracing.health(node, group, target).delivered,
    serving: (config) => servingNodes(config, config.nodes, tracing.isHealthy),
  };
  return tracing;
}
