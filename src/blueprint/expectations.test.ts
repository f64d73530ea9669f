import { describe, expect, it } from 'vitest';
import { roundTrip } from '../region/network/send.ts';
import { packet } from '../region/network/verdict.ts';
import type { World } from '../region/network/world.ts';
import { type Expectation, expectations } from './expectations.ts';
import { synthesise } from './synthesise.ts';
import type { Template } from './template-text.ts';
import { client, servicesAt, worldOf } from './template-world.suite.ts';
import { everyVariant, variants } from './variants.suite.ts';

/** Ports that a sender of that kind may call from, the lowest and the highest. */
const callsFrom = (from: string) => (from === 'ApiGroup' ? [32768, 60999] : [1024, 65535]);

/** What is otherwise than expected, a line each: every sender calls every receiver. */
function broken(world: World, all: readonly Expectation[]): string[] {
  const owned = (id: string) => [...world.interfaces.values()].filter(({ ownerName }) => ownerName === id);
  return all.flatMap(({ from, to, port, allowed, why }) => {
    const senders = from === 'internet' ? [undefined] : owned(from);
    const service = to === 's3' || to === 'internet' ? servicesAt[to] : undefined;
    const receivers = service
      ? [service]
      : owned(to === 'cloudwatch' ? 'MonitoringEndpoint' : to).map(
          (one) => (from === 'internet' ? one.publicAddress : undefined) ?? one.addresses[0] ?? '',
        );
    expect(senders.length * receivers.length, `${from} → ${to}`).toBeGreaterThan(0);
    return senders.flatMap((sender) =>
      receivers.flatMap((receiver) =>
        callsFrom(from).flatMap((sourcePort) => {
          if (sender?.addresses[0] === receiver) return [];
          const trip = roundTrip(
            world,
            packet(
              'tcp',
              sender?.addresses[0] ?? client,
              sourcePort,
              receiver,
              port,
              sender ? { kind: 'interface', id: sender.id } : { kind: 'internet' },
            ),
          );
          return trip.delivered === allowed
            ? []
            : [`${from}:${sourcePort} → ${to} ${receiver}:${port} ${trip.end} ${trip.rule} (${why})`];
        }),
      ),
    );
  });
}

const yesOf = (config: { domain?: string | undefined }) =>
  new Set(config.domain === undefined ? ['NoDomain'] : ['HasDomain']);

describe.each(everyVariant)('what is expected of the network: %s', (_name, config) => {
  const { template } = synthesise(config);
  it('holds of the template, as the model sends packets', () => {
    expect(broken(worldOf(template, yesOf(config)), expectations(config))).toEqual([]);
  });

  it('needs every rule of the ACLs: without any one of them something is otherwise', () => {
    const rules = Object.entries(template.Resources).filter(
      ([, { Type, Properties }]) =>
        Type === 'AWS::EC2::NetworkAclEntry' && Properties?.Icmp === undefined && Properties?.CidrBlock !== undefined,
    );
    const needless = rules.flatMap(([id]) => {
      const { [id]: _gone, ...rest } = template.Resources;
      const without: Template = { ...template, Resources: rest };
      return broken(worldOf(without, yesOf(config)), expectations(config)).length > 0 ? [] : [id];
    });
    // The one that denies: security groups hold the same a second time.
    expect(needless).toEqual(['PublicAclOutNothingElse']);
  });
});

it('names the rule whose loss makes targets time out', () => {
  const { template } = synthesise(variants.default);
  const { PrivateAclOutToBalancer: _gone, ...Resources } = template.Resources;
  const lines = broken(worldOf({ ...template, Resources }, new Set(['HasDomain'])), expectations(variants.default));
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line).toMatch(/^ApiBalancer:\d+ → ApiGroup .* deniedByAclEgress PrivateAcl egress/);
});
