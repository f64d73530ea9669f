/** What should hold of a network: who reaches whom, and who never does. */
import type { Via } from '../../region/network/verdict.ts';

export interface Expectation {
  /** A name that `Reach.place` knows: `internet`, `machines`, a logical id… */
  readonly from: string;
  readonly to: string;
  /** Of the destination. Absent: every port of every protocol, which only `allowed: false` and `only` can mean. */
  readonly port?: number | undefined;
  /** `tcp` when absent. */
  readonly protocol?: 'tcp' | 'udp' | 'icmp' | undefined;
  /** True: each of one reaches each of the other, and gets its replies. False: none does. */
  readonly allowed?: boolean | undefined;
  /** It is reached, and in no other way. */
  readonly only?: OnlyBy | undefined;
  readonly why?: string | undefined;
}

export type OnlyBy = keyof typeof onlyBy;

export const onlyBy = {
  'by gateway endpoint': 'gatewayEndpoint',
  'by interface endpoint': 'interfaceEndpoint',
  'by NAT': 'nat',
  'by internet gateway': 'internetGateway',
  'by egress-only internet gateway': 'egressOnlyGateway',
  'by the VPC’s own routes': 'local',
} as const satisfies Readonly<Record<string, Via['kind']>>;

/** `machines → s3:443: only by gateway endpoint`, as it is written in a file. */
export function expectationText({ from, to, port, protocol = 'tcp', allowed, only }: Expectation): string {
  const portText =
    protocol === 'icmp' ? '/icmp' : port === undefined ? '' : `:${port}${protocol === 'tcp' ? '' : `/${protocol}`}`;
  return `${from} → ${to}${portText}: ${only ? `only ${only}` : allowed ? 'always' : 'never'}`;
}

export class ExpectationError extends Error {
  override readonly name = 'ExpectationError';
}
