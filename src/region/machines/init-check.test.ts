import { describe, expect, it } from 'vitest';
import { unmodelledInit } from './init-check.ts';
import { architectureOf, instanceTypeSize } from './instance-types.ts';
import { rowOf } from './process-usage.ts';
import { bootMetadata } from './test-host.suite.ts';

describe('boot metadata before anything starts', () => {
  it('is modelled when it is like the product’s', () => {
    expect(unmodelledInit(bootMetadata())).toEqual([]);
    expect(unmodelledInit({})).toEqual([]);
  });

  it('is named where it is not, functions of the template left out', () => {
    const config = {
      packages: { yum: { nodejs22: [], redis: [] }, apt: { x: [] } },
      sources: { '/a': 'https://b.s3.amazonaws.com/x.rar', '/b': { 'Fn::Sub': 'https://${B}/x.rar' } },
      commands: {
        a: { command: 'openssl rand 4', test: ['test', '-f', '/x y'] },
        b: { command: { 'Fn::Join': [' ', ['x']] } },
        c: { command: 'for x in a; do b; done' },
      },
      services: { windows: {} },
      extras: {},
    };
    expect(unmodelledInit({ 'AWS::CloudFormation::Init': { configSets: { default: ['config'] }, config } })).toEqual([
      'config: the section extras',
      'config.packages.yum: the package redis',
      'config.packages: packages of apt',
      'config.sources./a: the archive format of https://b.s3.amazonaws.com/x.rar',
      'config.commands.a.command: line 1: the command `openssl`',
      'config.commands.c.command: line 1: `for`',
      'config.services: services of windows',
    ]);
  });

  it('is not asked of configs that no set names', () => {
    const strange = { services: { windows: {} } };
    const told = (configSets: unknown) =>
      unmodelledInit({ 'AWS::CloudFormation::Init': { configSets, strange, fine: {} } });
    expect(told({ default: ['fine'], other: [{ ConfigSet: 'default' }] })).toEqual([]);
    for (const sets of [{ default: ['fine'], other: ['strange'] }, { default: ['fine', { Ref: 'X' }] }, undefined])
      expect(told(sets)).toEqual(['strange.services: services of windows']);
  });
});

describe('instance types', () => {
  it.each([
    ['t4g.small', 2, 2048, 'arm64'],
    ['t2.micro', 1, 1024, 'x86_64'],
    ['t3.nano', 2, 512, 'x86_64'],
    ['m7g.large', 2, 8192, 'arm64'],
    ['c6i.2xlarge', 8, 16_384, 'x86_64'],
    ['c7gn.medium', 1, 2048, 'arm64'],
    ['r5.24xlarge', 96, 786_432, 'x86_64'],
  ])('%s', (type, vcpus, memoryMiB, architecture) => {
    expect(instanceTypeSize(type)).toEqual({ vcpus, memoryMiB });
    expect(architectureOf(type)).toBe(architecture);
  });
  it.each(['p4d.24xlarge', 'm5.huge', 't3.__proto__', 'nonsense'])('%s is not known', (type) => {
    expect(instanceTypeSize(type)).toBeUndefined();
  });
});

describe('what `ps` says', () => {
  it.each([
    ['  501     1  12345   1:02.50', { pid: 501, parent: 1, usage: { cpuSeconds: 62.5, memoryBytes: 12_641_280 } }],
    ['7 501 10 2-03:04:05', { pid: 7, parent: 501, usage: { cpuSeconds: 183_845, memoryBytes: 10_240 } }],
  ])('%s', (line, row) => {
    expect(rowOf(line)).toEqual([row]);
  });
  it('skips other lines', () => {
    expect(rowOf('PID PPID RSS TIME')).toEqual([]);
  });
});
