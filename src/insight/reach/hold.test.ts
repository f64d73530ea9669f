import { describe, expect, it } from 'vitest';
import { expectations, synthesise } from '../../blueprint/index.ts';
import { worldOf } from '../../blueprint/template-world.suite.ts';
import { everyVariant } from '../../blueprint/variants.suite.ts';
import { buildWorld } from '../../region/network/build-world.ts';
import { exampleParts } from '../../region/network/example-world.ts';
import type { WorldParts } from '../../region/network/world.ts';
import { modelOf } from '../model/model.ts';
import type { Expectation } from './expectation.ts';
import { parseExpectations } from './expectations-file.ts';
import { reachability } from './reach.ts';

const yesOf = (config: { domain?: string | undefined }) =>
  new Set(config.domain === undefined ? ['NoDomain'] : ['HasDomain']);

function held(line: string, parts: WorldParts = exampleParts) {
  const [result] = reachability(buildWorld(parts)).hold(parseExpectations(`- ${line}`, 'expectations.yml'));
  if (!result) throw new Error('one expectation, one result');
  return result;
}

it.each(everyVariant)('the blueprint’s expectations hold: %s', (_name, config) => {
  const { template } = synthesise(config);
  const reach = reachability(worldOf(template, yesOf(config)));
  const results = reach.hold(expectations(config));
  expect(results.filter(({ holds, empty }) => !holds || empty).map(({ text }) => text)).toEqual([]);
  for (const { expectation, witness } of results)
    expect(witness?.trip.delivered).toBe(expectation.allowed || undefined);
});

describe('the example network', () => {
  it.each([
    'internet → machines: never',
    'internet → balancers:443: always',
    'balancers → ApiGroup:8080: always',
    'ApiA → ApiB: never',
    'machines → s3:443: only by the gateway endpoint',
    'machines → s3: only by gateway endpoint',
    'machines → cloudwatch: never',
    'machines -> MonitoringA:443: always',
    'machines → internet:25: never',
    'PrivateSubnetA → NatA: never',
    'machines → endpoints/icmp: never',
  ])('%s', (line) => {
    const monitored = line.includes('cloudwatch');
    expect(held(line).text).toMatch(monitored ? /passes by interface endpoint MonitoringEndpoint/ : /./);
    expect(held(line).holds).toBe(!monitored);
  });

  it('names the packet that should not pass, and the rule that lets it', () => {
    const result = held('internet → balancers:443: never');
    expect(result.text).toMatch(
      /^internet → balancers:443: never: tcp .* -> 198\.51\.100\.20:443 passes by internet gateway InternetGateway; BalancerFromInternet allows tcp 443 from 0\.0\.0\.0\/0$/,
    );
    expect(result.fix).toBe('remove BalancerFromInternet, or narrow it');
    expect(result.witness?.trip.delivered).toBe(true);
  });

  it('names the rule that stops what should pass, and the smallest change', () => {
    expect(held('balancers → machines:9090: always')).toMatchObject({
      holds: false,
      obstacle: { direction: 'forward', end: 'deniedByGroupEgress', rule: 'BalancerGroup egress' },
      fix: 'add an egress rule to BalancerGroup allowing tcp 9090 to ApiGroup',
    });
  });

  it('sees a lost reply, for some of the ports that a client chooses', () => {
    const parts = withAcl('acl-private', (entry) =>
      entry.egress && entry.number === 100 ? { from: 1024, to: 40000 } : entry.ports,
    );
    const result = held('BalancerA → ApiA:8080: always', parts);
    expect(result).toMatchObject({
      holds: false,
      obstacle: {
        direction: 'reply',
        rule: 'PrivateAcl egress 32767',
        answer: { passes: 'sometimes', lostPorts: [{ from: 40001, to: 65535 }] },
      },
      fix: 'add an egress rule to PrivateAcl allowing tcp 1024-65535 to 10.0.0.0/24',
    });
    expect(result.obstacle?.lost.packet.source.port).toBeGreaterThan(40000);
  });

  it('sees replies that are lost by the port of a NAT gateway, before it gives the client’s back', () => {
    const parts = withAcl('acl-public', (entry) => (entry.number === 120 ? { from: 1024, to: 30000 } : entry.ports));
    const reach = reachability(buildWorld(parts));
    const flows = reach.between('ApiA', 'internet').filter(({ via }) => via?.kind === 'nat');
    const question = { protocol: 'tcp', port: 443 } as const;
    expect(flows.map((flow) => [flow.natPorts(6), reach.answer(flow, question).passes])).toEqual(
      flows.map(() => [[{ from: 1024, to: 30000 }], 'sometimes']),
    );
    const [flow] = flows;
    expect(flow && reach.witness(flow, question)?.trip.delivered).toBe(true);
    expect(flow && reach.counterexample(flow, question)?.trip).toMatchObject({
      direction: 'reply',
      at: 'PublicSubnetA',
    });
    expect(flow?.refusals().find(({ natPort }) => natPort)?.rule).toBe('PublicAcl ingress 32767');
  });

  it('sees S3 reached over NAT', () => {
    const parts = {
      ...exampleParts,
      gatewayEndpoints: exampleParts.gatewayEndpoints.map((one) => ({ ...one, routeTableIds: ['rtb-b'] })),
    };
    const result = held('machines → s3:443: only by the gateway endpoint', parts);
    expect(result.text).toMatch(/passes by NAT gateway NatA/);
    expect(result.fix).toBe('add PrivateRoutesA to a gateway endpoint of the service');
  });

  it('says that nobody was asked about', () => {
    const parts = { ...exampleParts, interfaces: exampleParts.interfaces.filter(({ kind }) => kind !== 'instance') };
    expect(held('internet → machines: never', parts)).toMatchObject({ holds: true, empty: true });
    expect(held('PrivateSubnetA → s3: never', parts)).toMatchObject({ holds: true, empty: false });
  });

  it('names those that there are when a name is nobody’s', () => {
    expect(() => held('Balanser → machines: never')).toThrow(
      /^nothing is called 'Balanser'; there are internet, machines, balancers, endpoints, nats, cloudwatch, .*PrivateSubnetA/,
    );
  });

  it('knows an Auto Scaling group by its own name, and a security group by its', () => {
    const parts = {
      ...exampleParts,
      interfaces: exampleParts.interfaces.map((one) =>
        one.kind === 'instance' ? { ...one, ownerName: `Fleet ${one.owner}` } : one,
      ),
    };
    const reach = reachability(buildWorld(parts));
    for (const name of ['Fleet', 'ApiGroup', 'sg-api']) {
      expect(reach.place(name).ends.flatMap((end) => (end.kind === 'interfaces' ? end.members : []))).toHaveLength(2);
    }
  });
});

it('finds a service where its name leads', () => {
  const reach = reachability(buildWorld(exampleParts));
  const ways = (to: string) => [...new Set(reach.between('machines', to).map(({ via }) => via?.kind))];
  expect(ways('monitoring')).toEqual(['interfaceEndpoint']);
  expect(ways('s3')).toEqual(['gatewayEndpoint']);
  const [obstacle] = reach.why('balancers', 'monitoring', { protocol: 'tcp', port: 443 });
  expect(obstacle).toMatchObject({ rule: 'BalancerGroup egress', end: 'deniedByGroupEgress', direction: 'forward' });
  expect(obstacle?.fix).toBe('add an egress rule to BalancerGroup allowing tcp 443 to EndpointGroup');
});

it('takes expectations without a file', () => {
  const wanted: Expectation = { from: 'machines', to: 's3', only: 'by NAT' };
  const [result] = reachability(buildWorld(exampleParts)).hold([wanted]);
  expect(result?.holds).toBe(false);
  const hold = (one: Expectation) => reachability(buildWorld(exampleParts)).hold([one]);
  expect(() => hold({ from: 'machines', to: 's3' })).toThrow('say always, never or only by what');
  expect(() => hold({ from: 'machines', to: 's3', allowed: true })).toThrow('a port is needed');
});

type Entry = WorldParts['acls'][number]['entries'][number];

function withAcl(id: string, ports: (entry: Entry) => Entry['ports']): WorldParts {
  const change = (entry: Entry) => ({ ...entry, ports: ports(entry) });
  const acls = exampleParts.acls.map((acl) => (acl.id === id ? { ...acl, entries: acl.entries.map(change) } : acl));
  return { ...exampleParts, acls };
}

it('the blueprint’s expectations hold of the network that its template makes', { timeout: 60_000 }, async () => {
  const [, config = { name: 'example' }] = everyVariant[0] ?? [];
  const model = await modelOf({ template: synthesise(config).yaml, name: 'blueprint', partial: true });
  try {
    const results = reachability(model.world).hold([
      ...expectations(config),
      ...parseExpectations(
        '- machines → s3:443: only by the gateway endpoint\n- internet → machines: never',
        'own.yml',
      ),
    ]);
    expect(results.filter(({ holds, empty }) => !holds || empty).map(({ text }) => text)).toEqual([]);
    expect(results.length).toBeGreaterThan(10);
  } finally {
    await model.close();
  }
});
