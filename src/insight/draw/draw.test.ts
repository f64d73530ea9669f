/** What is drawn is what the template says, and a change shows where it is. */
import { beforeAll, describe, expect, it } from 'vitest';
import { synthesise } from '../../blueprint/index.ts';
import type { ResourceChange } from './changes.ts';
import { type Drawing, draw } from './draw.ts';
import { oddTemplates } from './templates.suite.ts';

const two = synthesise({ name: 'gallery', domain: 'myapp.com' });
const pictureOf = (template: string) => draw({ template, name: 'template.yml', format: 'mermaid' });
const arrowsOf = ({ arrows }: Drawing) =>
  arrows.map(({ from, to, both, reply }) => `${from} ${both ? '↔' : reply ? '⇠' : '→'} ${to}`);

describe('arrows', () => {
  let drawing: Drawing;
  beforeAll(async () => {
    drawing = await pictureOf(two.yaml);
  });

  it('are where names, origins, target groups, routes and endpoints lead', () => {
    expect(arrowsOf(drawing).sort()).toEqual(
      [
        'users → HostedZone',
        'HostedZone ⇠ users',
        'users → Distribution',
        'Distribution ⇠ users',
        'Distribution → SpaBucket',
        'SpaBucket ⇠ Distribution',
        'users → InternetGateway',
        'InternetGateway ⇠ users',
        'InternetGateway → ApiBalancer',
        'ApiBalancer ⇠ InternetGateway',
        'ApiBalancer → ApiGroup/1/0',
        'ApiGroup/1/0 ⇠ ApiBalancer',
        'ApiBalancer ↔ ApiGroup/1/1',
        'ApiGroup/1/0 ↔ S3Endpoint',
        'S3Endpoint ↔ DataBucket',
        'ApiGroup/1/0 ↔ EndpointSecurityGroup@endpoints/Vpc/1/0',
        'ApiGroup/1/1 ↔ EndpointSecurityGroup@endpoints/Vpc/1/0',
        'MonitoringEndpoint ↔ service monitoring',
        'LogsEndpoint ↔ service logs',
        'ApiGroup/1/0 → NatGatewayA',
        'ApiGroup/1/1 → NatGatewayB',
        'NatGatewayA → InternetGateway',
        'side Alarm → side SNS topic',
      ].sort(),
    );
  });

  it('are numbered from 1 on, each number once, for both journeys', () => {
    const numbers = (name: string) =>
      drawing.arrows
        .flatMap(({ badges }) => badges.filter(({ journey }) => journey === name).map(({ number }) => number))
        .sort((a, b) => a - b);
    expect(numbers('site')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(numbers('api')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('say what network ACLs let pass, and what stops a reply', async () => {
    const text = await draw({ template: two.yaml, name: 'build.yml', format: 'svg' });
    expect(text.content).toContain('PrivateAcl ingress 100');
    const template = structuredClone(two.template) as { Resources: Record<string, { Properties?: object }> };
    const rule = template.Resources.PrivateAclOutToBalancer;
    if (rule) rule.Properties = { ...rule.Properties, RuleAction: 'deny' };
    const stopped = await draw({ template: JSON.stringify(template), name: 'build.json', format: 'svg' });
    expect(stopped.content).toMatch(/class="link api reply stopped"/);
    const arrow = stopped.arrows.find(({ from, to }) => from === 'ApiGroup/1/0' && to === 'ApiBalancer');
    expect(arrow).toMatchObject({ stopped: true });
    const words = String(stopped.content)
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ');
    expect(words).toContain('but PrivateAcl egress 100 stops it: network ACLs remember nothing');
    expect(words).toContain('The balancer got no answer');
  });

  it('do not depend on what things are called', async () => {
    const ids = Object.keys(two.template.Resources).join('|');
    const renamed = JSON.stringify(two.template)
      .replace(new RegExp(`"(${ids})"`, 'g'), '"Zz$1"')
      .replace(new RegExp(`\\$\\{(${ids})(?=[.}])`, 'g'), '${Zz$1')
      .replace('--resource ApiGroup', '--resource ZzApiGroup');
    const other = await pictureOf(renamed);
    expect(other.arrows.length).toBe(drawing.arrows.length);
    expect(other.parts.length).toBe(drawing.parts.length);
  });
});

it('draws what the model has nothing of with the icon of its service, and lists it', async () => {
  const template = oddTemplates['types that are not modelled, with names that need care'] ?? '';
  const { parts, notModelled, content } = await draw({ template, name: 'template.yml', format: 'drawio' });
  expect(content).toMatch(/label="[^"]*Queue[^"]*"[^>]*><mxCell style="[^"]*resIcon=mxgraph\.aws4\.sqs;/);
  expect(notModelled).toContainEqual({ logicalId: 'Queue', type: 'AWS::SQS::Queue' });
  expect(parts.map(({ key }) => key)).toEqual(expect.arrayContaining(['Queue', 'Table']));
});

it('draws the way out of subnets without machines, and tells only of what is there', async () => {
  const template = synthesise({ name: 'gallery', network: { zones: 2 } }).template as { Resources: object };
  const kept = Object.entries(template.Resources).filter(
    ([, { Type }]) => Type.startsWith('AWS::EC2::') && !/LaunchTemplate|SecurityGroup|VPCEndpoint$/.test(Type),
  );
  const text = JSON.stringify({ Resources: Object.fromEntries(kept) });
  const drawing = await draw({ template: text, name: 'network.json', format: 'svg' });
  expect(arrowsOf(drawing)).toEqual([
    'PrivateSubnetA → NatGatewayA',
    'PrivateSubnetB → NatGatewayB',
    'NatGatewayA → InternetGateway',
  ]);
  expect(drawing.content).not.toContain('there and back');
});

it('keeps subnets of one group in a row, where another tier is not in every zone', async () => {
  const lines = ['One us-east-1a 0', 'One us-east-1c 1', 'Two us-east-1a 2', 'Two us-east-1b 3', 'Two us-east-1c 4'];
  const subnets = lines
    .map((line) => line.split(' '))
    .map(
      ([tier, zone, number]) =>
        `  ${tier}${number}: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref V, AvailabilityZone: ${zone}, CidrBlock: 10.0.${number}.0/24 } }\n`,
    );
  const balancer =
    '  Inner: { Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: { Scheme: internal, Subnets: [!Ref Two2, !Ref Two3, !Ref Two4] } }\n';
  const vpc = '  V: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }\n';
  const { parts } = await pictureOf(`Resources:\n${vpc}${subnets.join('')}${balancer}`);
  expect(parts.filter(({ title }) => title === 'Application Load Balancer').map(({ key }) => key)).toEqual(['Inner']);
});

it('draws what could not be made, with what needed it, and says why', async () => {
  const { parts, failed } = await pictureOf(oddTemplates['what cannot be made'] ?? '');
  expect(failed).toMatchObject([{ logicalId: 'Overlapping', message: expect.stringMatching(/conflicts/) }]);
  expect(parts.map(({ key }) => key)).toEqual(expect.arrayContaining(['not made Overlapping', 'not made Behind']));
});

describe('a change', () => {
  const after = synthesise({
    name: 'gallery',
    domain: 'myapp.com',
    network: { zones: 3, nat: 'one', flowLogs: true },
    data: { kms: true },
    api: { port: 3000 },
  });
  let drawing: Drawing;
  beforeAll(async () => {
    drawing = await draw({
      template: after.yaml,
      name: 'new.yml',
      before: { template: two.yaml, name: 'old.yml' },
      format: 'mermaid',
    });
  });
  const markOf = (key: string) => drawing.parts.find((part) => part.key === key)?.mark;

  it('marks what comes, goes and is altered, a detail at what it belongs to', () => {
    expect(markOf('PublicSubnetC')).toBe('added');
    expect(markOf('side Flow log')).toBe('added');
    expect(markOf('NatGatewayB')).toBe('removed');
    expect(markOf('ApiBalancer')).toBe('changed');
    expect(markOf('PrivateAcl')).toBe('changed');
    expect(markOf('Distribution')).toBeUndefined();
    expect(markOf('users')).toBeUndefined();
    const arrow = (from: string, to: string) => drawing.arrows.find((one) => one.from === from && one.to === to)?.mark;
    expect(arrow('ApiGroup/1/1', 'NatGatewayB')).toBe('removed');
    expect(arrow('ApiGroup/1/1', 'NatGatewayA')).toBe('added');
  });

  it('lists them, with what CloudFormation would replace and the properties that say so', () => {
    const change = (logicalId: string) => drawing.changes.find((one) => one.logicalId === logicalId);
    expect(change('ApiTargets')).toMatchObject({
      mark: 'replaced',
      properties: ['Port'],
    } satisfies Partial<ResourceChange>);
    expect(change('NatGatewayB')).toMatchObject({ mark: 'removed' });
    expect(change('ApiBalancer')).toMatchObject({ mark: 'changed', properties: ['Subnets'] });
  });

  it('is marked in every format', async () => {
    expect(drawing.content).toMatch(/class [\w,]*n_NatGatewayB[\w,]* removed/);
    const options = { template: after.yaml, name: 'new.yml', before: { template: two.yaml, name: 'old.yml' } };
    const svg = await draw({ ...options, format: 'svg' });
    expect(svg.content).toMatch(/class="part removed" data-key="NatGatewayB"/);
    const drawio = await draw({ ...options, format: 'drawio' });
    expect(drawio.content).toContain('id="change NatGatewayB"');
    expect(drawio.content).toContain('value="Changes"');
  });

  it('of nothing marks nothing', async () => {
    const same = await draw({
      template: two.yaml,
      name: 'b.yml',
      before: { template: two.yaml, name: 'a.yml' },
      format: 'mermaid',
    });
    expect(same.changes).toEqual([]);
    expect(same.parts.filter(({ mark }) => mark !== undefined)).toEqual([]);
  });

  it('that replaces a network shows as one', async () => {
    const template = synthesise({ name: 'gallery', domain: 'myapp.com', network: { cidr: '10.9.0.0/16' } }).yaml;
    const { changes } = await draw({
      template,
      name: 'b.yml',
      before: { template: two.yaml, name: 'a.yml' },
      format: 'mermaid',
    });
    expect(changes.find(({ logicalId }) => logicalId === 'Vpc')?.mark).toBe('replaced');
  });
});

it('gives each template of a change the parameters that it has', async () => {
  const text = (name: string) =>
    `Parameters:\n  ${name}: { Type: String }\nResources:\n  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: !Ref ${name} } }\n`;
  const options = { template: text('New'), name: 'b.yml', before: { template: text('Old'), name: 'a.yml' } };
  const { changes } = await draw({ ...options, parameters: { New: 'one', Old: 'two' }, format: 'mermaid' });
  expect(changes).toMatchObject([{ logicalId: 'Topic', mark: 'replaced', properties: ['TopicName'] }]);
  await expect(draw({ ...options, parameters: { Neither: 'x' }, format: 'mermaid' })).rejects.toThrow();
});

it.each([
  [
    'an older template that is none',
    { template: two.yaml, before: { template: 'x: [', name: 'old.yml' } },
    /old\.yml could not be made/,
  ],
  ['a template that is none', { template: 'hello: world' }, /new\.yml could not be made/],
])('refuses %s', async (_name, options, message) => {
  await expect(draw({ ...options, name: 'new.yml', format: 'svg' })).rejects.toThrow(message);
});
