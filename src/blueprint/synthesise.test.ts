import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSyntax } from '../region/stacks/syntax.ts';
import { aclRules } from './acl.ts';
import { type ConfigInput, parseConfig } from './config.ts';
import { expectations } from './expectations.ts';
import { synthesise } from './synthesise.ts';
import type { Template, TemplateResource } from './template-text.ts';
import { everyVariant, variants } from './variants.suite.ts';

const anyConfig: fc.Arbitrary<ConfigInput> = fc.record({
  name: fc.constantFrom('gallery', 'a-very-long-name-of-an-app-32-chr'.slice(0, 32)),
  domain: fc.constantFrom(undefined, 'myapp.com'),
  web: fc.record({ uploads: fc.boolean(), kms: fc.boolean() }),
  api: fc.record({ accessLogs: fc.boolean(), shell: fc.boolean(), stickySeconds: fc.constantFrom(false as const, 60) }),
  data: fc.record({ access: fc.constantFrom('read' as const, 'read-write' as const), kms: fc.boolean() }),
  network: fc.record({
    zones: fc.constantFrom(2 as const, 3 as const, 4 as const),
    nat: fc.constantFrom('per-zone' as const, 'one' as const, 'none' as const),
    ipv6: fc.boolean(),
    flowLogs: fc.boolean(),
  }),
  monitoring: fc.record({ budgetUsd: fc.constantFrom(false as const, 50) }),
});

/** Every name that a value refers to, by `Ref`, `Fn::GetAtt`, `Fn::Sub` or a condition. */
function namesIn(value: unknown, found: { ids: Set<string>; conditions: Set<string> }): void {
  if (Array.isArray(value)) for (const item of value) namesIn(item, found);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === 'Ref') found.ids.add(String(item));
    else if (key === 'Fn::GetAtt' && Array.isArray(item)) found.ids.add(String(item[0]));
    else if (key === 'Fn::If' && Array.isArray(item)) found.conditions.add(String(item[0]));
    else if (key === 'Condition' && typeof item === 'string') found.conditions.add(item);
    const [text, own] = key === 'Fn::Sub' ? (Array.isArray(item) ? item : [item, {}]) : [];
    for (const [, name = ''] of String(text ?? '').matchAll(/\$\{(?!!)([^}]+)\}/g)) {
      if (!Object.hasOwn(own, name)) found.ids.add(name.split('.')[0] ?? '');
    }
    namesIn(item, found);
  }
}

function references(resource: unknown) {
  const found = { ids: new Set<string>(), conditions: new Set<string>() };
  namesIn(resource, found);
  return { ids: [...found.ids].filter((id) => !id.startsWith('AWS::')), conditions: [...found.conditions] };
}

const dependencies = (resource: TemplateResource): readonly string[] => [resource.DependsOn ?? []].flat();

function checkReferences(template: Template): void {
  const { Resources, Parameters = {}, Conditions = {} } = template;
  const { ids, conditions } = references({ ...template, Parameters: {} });
  for (const id of ids) expect({ ...Resources, ...Parameters }, id).toHaveProperty(id);
  for (const id of conditions) expect(Conditions, id).toHaveProperty(id);
  const used = new Set([...ids, ...conditions]);
  const unused = [...Object.keys(Parameters), ...Object.keys(Conditions)].filter((id) => !used.has(id));
  expect(unused, 'parameters and conditions that nothing uses').toEqual([]);
  // In rounds: what needs nothing that is not there yet. A cycle leaves some for ever.
  const waiting = new Map(
    Object.entries(Resources).map(([id, one]) => [
      id,
      [...references(one).ids, ...dependencies(one)].filter((other) => Object.hasOwn(Resources, other)),
    ]),
  );
  for (let before = 0; before !== waiting.size; ) {
    before = waiting.size;
    for (const [id, needs] of waiting) if (!needs.some((other) => waiting.has(other))) waiting.delete(id);
  }
  expect([...waiting.keys()], 'resources in a cycle').toEqual([]);
}

describe.each(everyVariant)('the template: %s', (_name, config) => {
  const { template, yaml, domainTemplate, domainYaml } = synthesise(config);

  it('is one plain template', () => {
    expect(Object.keys(template)).not.toContain('Transform');
    expect(Object.keys(template)).not.toContain('Mappings');
    expect(yaml).not.toMatch(/aws:cdk|CDKMetadata|Bootstrap|Custom::|AWS::Lambda|AWS::CloudFormation::CustomResource/);
    expect(Object.keys(template.Resources).filter((id) => /[0-9A-F]{8}$/.test(id))).toEqual([]);
  });

  it('says in YAML what it says as data', () => {
    expect(readSyntax(yaml).value).toEqual(JSON.parse(JSON.stringify(template)));
    expect(readSyntax(domainYaml).value).toEqual(JSON.parse(JSON.stringify(domainTemplate)));
  });

  it('refers only to what is there, without a cycle', () => {
    checkReferences(template);
    checkReferences(domainTemplate);
  });

  it('asks for nothing: every parameter has a default, a description and a constraint', () => {
    for (const [id, parameter] of Object.entries(template.Parameters ?? {})) {
      const all = parameter as Record<string, unknown>;
      expect(all, id).toHaveProperty('Default');
      expect(all.Description, id).toMatch(/^\S.+\.$/);
      expect('AllowedPattern' in all || 'MinValue' in all || String(all.Type).includes('SSM'), id).toBe(true);
      if ('AllowedPattern' in all) expect(String(all.Default), id).toMatch(new RegExp(String(all.AllowedPattern)));
    }
  });

  it('expects something of resources that are there', () => {
    const places = new Set([...Object.keys(template.Resources), 'internet', 's3', 'cloudwatch']);
    const all = expectations(config);
    for (const { from, to } of all) expect([...places]).toEqual(expect.arrayContaining([from, to]));
    expect(new Set(all.map(({ from, to, port }) => `${from} ${to} ${port}`)).size).toBe(all.length);
    expect(all.some(({ allowed }) => allowed) && all.some(({ allowed }) => !allowed)).toBe(true);
  });

  it('has a why for each rule of the ACLs', () => {
    const entries = Object.values(template.Resources).filter((one) => one.Type === 'AWS::EC2::NetworkAclEntry');
    expect(entries).toHaveLength(aclRules(parseConfig(config)).length);
    for (const entry of entries) expect(entry.Metadata?.Why).toMatch(/^\w.{10,}/);
  });
});

describe('any configuration', () => {
  it('fits into 51,200 bytes, is whole, and is always the same', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const { template, yaml } = synthesise(config);
        expect(Buffer.byteLength(yaml)).toBeLessThanOrEqual(51_200);
        checkReferences(template);
        expect(synthesise(config).yaml).toBe(yaml);
      }),
      { numRuns: 12 },
    );
  });

  it('with every option, four zones and the longest name fits, too', () => {
    const all = { ...variants['every option, four zones'], name: 'a-very-long-name-of-an-app-in-32' };
    expect(all.name).toHaveLength(32);
    expect(Buffer.byteLength(synthesise(all).yaml)).toBeLessThanOrEqual(51_200);
  });

  it('that is too much for a template is told so', () => {
    const environment = Object.fromEntries([...'ABCDEFGHIJKLMNOPQRST'].map((key) => [key, 'x'.repeat(1000)]));
    expect(() => synthesise({ name: 'gallery', api: { environment } })).toThrow(
      /The template has \d+ bytes. Allowed: 51200/,
    );
  });
});

describe('the boot', () => {
  const resource = (config: ConfigInput, id: string) => synthesise(config).template.Resources[id];
  const userData = (config: ConfigInput) => JSON.stringify(resource(config, 'ApiTemplate')?.Properties);

  it('changes the user data with anything that it does, so that machines are rolled', () => {
    const before = userData(variants.default);
    expect(userData({ ...variants.default, api: { environment: { A: '1' } } })).not.toBe(before);
    expect(userData({ ...variants.default, api: { node: 24 } })).not.toBe(before);
    expect(userData({ ...variants.default, monitoring: { budgetUsd: 5 } })).toBe(before);
    for (const name of ['${ReleaseKey}', '${Origin}']) expect(before).toContain(name);
  });

  it('waits for the network: machines start only when every rule and route is there', () => {
    const { template } = synthesise(variants.default);
    const needs = dependencies(template.Resources.ApiGroup ?? { Type: '' });
    expect(needs).toEqual(
      expect.arrayContaining([
        'PrivateAclInReplies',
        'PrivateRouteBToNat',
        'PrivateSubnetAAcl',
        'S3Endpoint',
        'BalancerToApi',
      ]),
    );
    expect(template.Resources.ApiGroup?.Properties).not.toHaveProperty('DesiredCapacity');
  });
});

it('the logical ids of the default are these', () => {
  expect(Object.keys(synthesise(variants.default).template.Resources).sort()).toMatchSnapshot();
});
