/**
 * Nouns that the model does not have: asked for all of them, there are none; asked for one, it does not exist. Making
 * one is no operation of the model, so both answers are true.
 */

import { Fault } from '../../wire/fault.ts';
import type { Operation } from '../service.ts';

/** Operation, the member of its answer, the member of its request that names some, and the fault for those. */
const nouns: readonly (readonly [operation: string, list: string, ids: string, code: string])[] = [
  ['describeCustomerGateways', 'CustomerGateways', 'CustomerGatewayIds', 'InvalidCustomerGatewayID.NotFound'],
  ['describeKeyPairs', 'KeyPairs', 'KeyNames', 'InvalidKeyPair.NotFound'],
  ['describePlacementGroups', 'PlacementGroups', 'GroupNames', 'InvalidPlacementGroup.Unknown'],
  [
    'describeSpotInstanceRequests',
    'SpotInstanceRequests',
    'SpotInstanceRequestIds',
    'InvalidSpotInstanceRequestID.NotFound',
  ],
  ['describeTransitGateways', 'TransitGateways', 'TransitGatewayIds', 'InvalidTransitGatewayID.NotFound'],
  [
    'describeVpcPeeringConnections',
    'VpcPeeringConnections',
    'VpcPeeringConnectionIds',
    'InvalidVpcPeeringConnectionID.NotFound',
  ],
  ['describeVpnConnections', 'VpnConnections', 'VpnConnectionIds', 'InvalidVpnConnectionID.NotFound'],
  ['describeVpnGateways', 'VpnGateways', 'VpnGatewayIds', 'InvalidVpnGatewayID.NotFound'],
];

export const absent: Record<string, Operation> = Object.fromEntries(
  nouns.map(([operation, list, ids, code]) => [
    operation,
    (input: Record<string, unknown>) => {
      const asked = input[ids];
      if (Array.isArray(asked) && asked.length > 0) {
        throw new Fault(code, `'${asked.join(', ')}' does not exist: Orrery does not model ${list}.`);
      }
      return { [list]: [] };
    },
  ]),
);
