/** What lets a balancer's request through to a machine and its answer back, asked of the network itself. */
import { roundTrip } from '../../region/network/send.ts';
import type { RoundTrip, Verdict } from '../../region/network/verdict.ts';
import type { NetworkInterface } from '../../region/network/world.ts';
import type { Facts } from './facts.ts';

/** One of the ports that Linux takes for a connection of its own. */
const ephemeralPort = 40_000;

export function passage(
  { model: { world } }: Facts,
  from: string,
  to: string | undefined,
  port: number,
): RoundTrip | undefined {
  const machine = interfaceOf([...world.interfaces.values()], to);
  const nodes = [...world.interfaces.values()].filter(({ owner }) => owner === from);
  const node = nodes.find(({ subnet }) => subnet.zone === machine?.subnet.zone) ?? nodes[0];
  if (machine?.primary === undefined || node?.primary === undefined) return undefined;
  return roundTrip(world, {
    protocol: 'tcp',
    source: { address: node.primary, port: ephemeralPort },
    destination: { address: machine.primary, port },
    enters: { kind: 'interface', id: node.id },
  });
}

function interfaceOf(all: readonly NetworkInterface[], owner: string | undefined): NetworkInterface | undefined {
  return owner === undefined ? undefined : all.find((one) => one.owner === owner);
}

/** `, past PublicAcl egress 100 and PrivateAcl ingress 100`, or what stops it. The default ACL is not worth a word. */
export function wayOf(verdict: Verdict | undefined, word: string): string {
  if (!verdict) return '';
  if (!verdict.delivered) return ` – but ${verdict.rule} stops it`;
  const rules = verdict.hops.filter(({ kind, part }) => kind === 'acl' && !part.startsWith('acl-'));
  if (rules.length === 0) return '';
  const text = rules.map(({ rule }) => rule).join(' and ');
  return word === '' ? text : `, ${word} ${text}`;
}
