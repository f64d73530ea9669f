/** The steps that a finding gives, carried out as they are written: at none of them is the site refused its bucket. */
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { check } from '../check.ts';
import { edgeRules } from './index.ts';
import { edgeMistakes } from './planted.suite.ts';

async function findingsOf(template: object) {
  const { findings } = await check({ template: JSON.stringify(template), name: 'step' }, edgeRules);
  return findings;
}

const rulesOf = async (template: object) => (await findingsOf(template)).map(({ rule }) => rule);

/** The lines between two others. */
function between(text: string, from: RegExp, to: RegExp): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => from.test(line)) + 1;
  const end = lines.findIndex((line, at) => at >= start && to.test(line));
  return lines.slice(start, end).join('\n');
}

const plantedNamed = (name: string) => edgeMistakes.find((one) => one.name === name)?.template ?? '';

it('goes from the identity to the control without a moment at which the bucket refuses', async () => {
  const template = JSON.parse(plantedNamed('an origin access identity of the template'));
  const [found] = await findingsOf(template);
  const text = found?.fix ?? '';
  const { Resources } = template;
  const policy = Resources.SpaBucketPolicy.Properties.PolicyDocument;

  Object.assign(Resources, parse(between(text, /^1\. /, /^Added to/)));
  policy.Statement.push(...parse(between(text, /^Added to SpaBucketPolicy\.PolicyDocument\.Statement/, /^2\. /)));
  expect(await rulesOf(template)).toEqual(['origin-access-identity']);

  const [origin] = Resources.Distribution.Properties.DistributionConfig.Origins;
  Object.assign(
    origin,
    parse(between(text, /^2\. .*In Distribution\.DistributionConfig\.Origins\[0\]/, /^CloudFormation/)),
  );
  const left = await findingsOf(template);
  expect(left.map(({ rule, logicalId }) => `${rule} at ${logicalId}`)).toEqual([
    'origin-access-identity at SpaIdentity',
  ]);

  policy.Statement = policy.Statement.filter((one: object) => !JSON.stringify(one).includes('SpaIdentity'));
  delete Resources.SpaIdentity;
  expect(await rulesOf(template)).toEqual([]);
});

it('is refused when the steps are taken in another order', async () => {
  const template = JSON.parse(plantedNamed('an origin access identity of the template'));
  const { Resources } = template;
  const [found] = await findingsOf(template);
  Object.assign(Resources, parse(between(found?.fix ?? '', /^1\. /, /^Added to/)));
  const [origin] = Resources.Distribution.Properties.DistributionConfig.Origins;
  Object.assign(origin, parse(between(found?.fix ?? '', /^2\. /, /^CloudFormation/)));
  expect(await rulesOf(template)).toContain('origin-denied');
});

it('gives the key its statement where there is one, and waits for all who share the identity', async () => {
  const template = JSON.parse(plantedNamed('an origin access identity of the template'));
  const { Resources } = template;
  Resources.Second = structuredClone(Resources.Distribution);
  delete Resources.Second.Properties.DistributionConfig.Aliases;
  Resources.Key = {
    Type: 'AWS::KMS::Key',
    Properties: {
      KeyPolicy: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: { Ref: 'AWS::AccountId' } }, Action: 'kms:*', Resource: '*' }],
      },
    },
  };
  Resources.SpaBucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration[0] = {
    ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: { 'Fn::GetAtt': ['Key', 'Arn'] } },
  };
  Resources.Distribution.DependsOn = 'SpaBucketPolicy';
  const found = (await findingsOf(template)).filter(({ rule }) => rule === 'origin-access-identity');
  expect(found.map(({ logicalId }) => logicalId).sort()).toEqual(['Distribution', 'Second']);
  const text = found.find(({ logicalId }) => logicalId === 'Distribution')?.fix ?? '';
  expect(text).toContain('remove it from Distribution.DependsOn');
  expect(text).toMatch(/Added to Key\.KeyPolicy\.Statement[\s\S]*kms:Decrypt[\s\S]*distribution\/\*/);
  expect(text).toContain('Not before Second');
});
