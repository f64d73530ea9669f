/** Pictures are orderly whatever is in them, show everything, and stay as they are where nothing changed. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ConfigInput, synthesise } from '../../blueprint/index.ts';
import { everyVariant, variants } from '../../blueprint/variants.suite.ts';
import { modelOf } from '../model/model.ts';
import { cdkTemplate } from './cdk-app.suite.ts';
import { changesOf } from './changes.ts';
import { compared } from './compare.ts';
import { geometryProblems } from './geometry.suite.ts';
import { sceneOf } from './make-scene.ts';
import { mermaidProblems } from './mermaid.suite.ts';
import { mermaidOf } from './mermaid.ts';
import { layoutOf } from './place.ts';
import { chosenTemplate, templateOf } from './random-template.suite.ts';
import { eachPart } from './scene-parts.ts';
import { oddTemplates } from './templates.suite.ts';

/** A change that adds a zone, a key and logs, and takes a NAT gateway away. */
async function drawnChange(before: string, after: string) {
  const [old, model] = [await modelOf({ template: before, name: 'a' }), await modelOf({ template: after, name: 'b' })];
  const scene = compared(await sceneOf(old, ''), await sceneOf(model, ''), await changesOf(old, after, {}, 'b'));
  await old.close();
  await model.close();
  return { scene, layout: layoutOf(scene) };
}

async function drawn(template: string) {
  const model = await modelOf({ template, name: 'template.yml', partial: true });
  const scene = await sceneOf(model, 'A picture');
  await model.close();
  return { scene, layout: layoutOf(scene), resources: [...model.resources.keys()] };
}

const zones = ([2, 3, 4] as const).map((count): [string, ConfigInput] => [
  `${count} zones`,
  { name: 'gallery', domain: 'myapp.com', network: { zones: count } },
]);
const blueprints = [...everyVariant, ...zones].map(([name, config]) => [name, () => synthesise(config).yaml] as const);
const all = [
  ...blueprints,
  ['a CDK app', cdkTemplate] as const,
  ...Object.entries(oddTemplates).map(([name, text]) => [name, () => text] as const),
];

describe.each(all)('%s', (_name, template) => {
  let picture: Awaited<ReturnType<typeof drawn>>;
  beforeAll(async () => {
    picture = await drawn(template());
  });

  it('has room for everything: nothing overlaps, no arrow passes what it does not belong to', () => {
    expect(geometryProblems(picture.layout)).toEqual([]);
  });

  it('shows every resource and every arrow', () => {
    const { scene, layout, resources } = picture;
    const covered = new Set([...eachPart(scene)].flatMap(({ covers }) => covers));
    expect(resources.filter((id) => !covered.has(id))).toEqual([]);
    expect(layout.paths.length).toBe(scene.links.length);
  });

  it('is text that Mermaid reads', () => {
    expect(mermaidProblems(mermaidOf(picture.scene))).toEqual([]);
  });
});

it('is in order whatever a template has: networks, tiers, balancers, groups, endpoints and sites by chance', async () => {
  await fc.assert(
    fc.asyncProperty(chosenTemplate, async (chosen) => {
      const { scene, layout } = await drawn(templateOf(chosen));
      expect(geometryProblems(layout)).toEqual([]);
      expect(layout.paths.length).toBe(scene.links.length);
      expect(mermaidProblems(mermaidOf(scene))).toEqual([]);
    }),
    // Large ones are few: ten of these take as long as all pictures above.
    { numRuns: 8, seed: 11, interruptAfterTimeLimit: 4_000, endOnFailure: true },
  );
});

type Resources = Record<string, { Type: string; Properties?: Record<string, unknown> }>;

describe('a small change moves little', () => {
  const base: ConfigInput = { name: 'gallery', domain: 'myapp.com', network: { zones: 3 } };
  const positions = async (template: string) => {
    const { layout } = await drawn(template);
    return new Map([...layout.boxes, ...layout.shapes].map(({ key, x, y }) => [key, { x, y }]));
  };
  const changed = (change: (resources: Resources) => void) => {
    const { template } = synthesise(base);
    change(template.Resources as Resources);
    return JSON.stringify(template);
  };
  let once: ReturnType<typeof positions> | undefined;
  const unchanged = () => {
    once ??= positions(synthesise(base).yaml);
    return once;
  };
  /** Of the part that moves farthest, those beside the network, and all others. */
  const moved = async (template: string) => {
    const [before, after] = [await unchanged(), await positions(template)];
    const far = [...before].flatMap(([key, { x, y }]) => {
      const now = after.get(key);
      return now ? [[key, Math.abs(now.x - x) + Math.abs(now.y - y)] as const] : [];
    });
    const most = (side: boolean) => Math.max(...far.map(([key, by]) => (key.startsWith('side ') === side ? by : 0)));
    return { side: most(true), others: most(false), shown: [...after.keys()] };
  };

  it.each<[string, () => string, number]>([
    ['flow logs', () => synthesise({ ...base, network: { zones: 3, flowLogs: true } }).yaml, 0],
    ['other machines', () => synthesise({ ...base, api: { instanceType: 'm7i.large', port: 3000, max: 20 } }).yaml, 0],
    // Small parts move down by a place.
    ['a KMS key', () => synthesise({ ...base, data: { kms: true } }).yaml, 64],
    [
      'one more alarm',
      () =>
        changed((resources) => {
          resources.OneMore = { ...resources.ApiErrors, Type: 'AWS::CloudWatch::Alarm' };
        }),
      0,
    ],
  ])('%s', async (_name, template, side) => {
    expect(await moved(template())).toMatchObject({ side, others: 0 });
  });

  it('one more bucket stands beside those below the network, or in the next row', async () => {
    const template = changed((resources) => {
      resources.OneMore = { Type: 'AWS::S3::Bucket' };
    });
    const { shown, ...by } = await moved(template);
    expect(shown).toContain('OneMore');
    expect(by).toEqual({ side: 0, others: 0 });
  });

  it('one more tier of subnets is below the others', async () => {
    const template = changed((resources) => {
      for (const [index, zone] of ['A', 'B', 'C'].entries()) {
        const { Properties } = resources[`PrivateSubnet${zone}`] ?? {};
        const CidrBlock = `10.0.${200 + index}.0/24`;
        resources[`DataSubnet${zone}`] = { Type: 'AWS::EC2::Subnet', Properties: { ...Properties, CidrBlock } };
      }
    });
    const [before, after] = [await unchanged(), await positions(template)];
    const far = [...before].filter(([key, { x, y }]) => after.get(key)?.x !== x || after.get(key)?.y !== y);
    // What is on the network's lower edge, or stands below it, goes down with it.
    expect(far.map(([key]) => key)).toEqual(['S3Endpoint', 'DataBucket', 'service monitoring', 'service logs']);
    expect([...after.keys()]).toContain('DataSubnetC');
  });

  it('one more endpoint', async () => {
    const template = changed((resources) => {
      const { Properties } = resources.LogsEndpoint ?? {};
      const ServiceName = 'com.amazonaws.us-east-1.kms';
      resources.KmsEndpoint = { Type: 'AWS::EC2::VPCEndpoint', Properties: { ...Properties, ServiceName } };
    });
    const { shown, ...by } = await moved(template);
    expect(shown).toContain('KmsEndpoint');
    expect(by).toEqual({ side: 0, others: 0 });
  });
});

it.each<[string, ConfigInput, ConfigInput]>([
  ['more zones, one NAT gateway', variants.default, { ...variants.default, network: { zones: 3, nat: 'one' } }],
  ['fewer zones, no NAT gateway', variants['every option, four zones'], variants['no domain']],
  ['another network', variants.default, variants['one NAT, three zones, nothing scales']],
])('has room for a change: %s', async (_name, before, after) => {
  const { scene, layout } = await drawnChange(synthesise(before).yaml, synthesise(after).yaml);
  expect(geometryProblems(layout)).toEqual([]);
  expect(layout.paths.length).toBe(scene.links.length);
  expect(layout.shapes.some(({ mark }) => mark === 'removed')).toBe(true);
});

it('finds what is wrong with a picture', async () => {
  const { layout } = await drawn(synthesise({ name: 'gallery' }).yaml);
  const moved = layout.shapes.map((shape) => (shape.key === 'NatGatewayA' ? { ...shape, x: shape.x + 184 } : shape));
  const problems = geometryProblems({ ...layout, shapes: moved });
  expect(problems).toContain('BalancerSecurityGroup@ApiBalancer/0 → ApiGroup/1/0 passes NatGatewayA');
  expect(problems).toContain('NatGatewayA → InternetGateway does not meet NatGatewayA');
});
