/** Rules about the network, those that stop everything first. */
import type { Rule } from '../rule.ts';
import { endpointGroupClosed, endpointWithoutPrivateDns, s3OverNat } from './endpoints.ts';
import {
  balancerInPrivateSubnet,
  natInPrivateSubnet,
  privateSubnetToInternet,
  publicAddressUnreachable,
  zoneWithoutOwnNat,
} from './gateways.ts';
import { balancerHttp } from './plain-http.ts';
import { aclReturnPorts } from './return-ports.ts';
import { aclShadowedEntry, groupCoveredRule } from './shadowed.ts';
import { shellOpenToWorld } from './shell.ts';
import { balancerBypassed, balancerMissesZone, healthCheckBlocked, targetsWithoutBalancer } from './targets.ts';
import { oneZone, overlappingRanges, subnetTooSmall } from './zones.ts';

export const networkRules: readonly Rule[] = [
  natInPrivateSubnet,
  balancerInPrivateSubnet,
  privateSubnetToInternet,
  overlappingRanges,
  aclReturnPorts,
  healthCheckBlocked,
  balancerMissesZone,
  balancerBypassed,
  balancerHttp,
  shellOpenToWorld,
  endpointGroupClosed,
  endpointWithoutPrivateDns,
  s3OverNat,
  aclShadowedEntry,
  groupCoveredRule,
  oneZone,
  zoneWithoutOwnNat,
  targetsWithoutBalancer,
  subnetTooSmall,
  publicAddressUnreachable,
];
