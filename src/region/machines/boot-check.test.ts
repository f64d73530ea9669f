import { describe, expect, it } from 'vitest';
import { unmodelledBoot } from './boot-check.ts';
import { bootMetadata, bootScript } from './test-host.suite.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const ofTemplate = unmodelledBoot(['LaunchTemplateData', 'UserData']);
const script = (UserData: unknown) => ({ properties: { LaunchTemplateData: { UserData } }, metadata: {} });

describe('what of a boot is not modelled', () => {
  it('is nothing of what runs', () => {
    expect(ofTemplate({ ...script(base64(bootScript)), metadata: bootMetadata() })).toEqual([]);
    expect(ofTemplate({ properties: {}, metadata: {} })).toEqual([]);
  });

  it('is told with its place', () => {
    const path = ['Properties', 'LaunchTemplateData', 'UserData'];
    expect(ofTemplate(script(base64('#!/bin/bash\ndocker run app\n')))).toEqual([
      { path, what: 'line 2: the command `docker`' },
    ]);
    const config = { packages: { yum: { redis: [] } } };
    const metadata = { 'AWS::CloudFormation::Init': { config } };
    expect(unmodelledBoot()({ properties: { UserData: base64('x') }, metadata })).toEqual([
      {
        path: ['Metadata', 'AWS::CloudFormation::Init', 'config', 'packages', 'yum'],
        what: 'config.packages.yum: the package redis',
      },
    ]);
  });

  it.each([undefined, 7, {}, 'not base64!', 'orrery_unknown_yet'])('leaves %j to EC2', (value) => {
    expect(ofTemplate(script(value))).toEqual([]);
  });
});
