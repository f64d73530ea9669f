/**
 * What CloudFormation and the services themselves refuse. These have no search of their own: they are what came of the
 * template's lint, and of making its resources one by one.
 */
import type { LintKind } from '../../region/template.ts';
import { type EdgeRefusal, edgeRefusalRules, edgeRefusals } from './edge/refusals.ts';
import type { RuleName } from './rule.ts';

const templates = 'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide';

export const templateSchema: RuleName = {
  id: 'template-schema',
  severity: 'error',
  title: 'Every property is one of its type, with a value of the right kind',
  page: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html',
};

export const templateReference: RuleName = {
  id: 'template-reference',
  severity: 'error',
  title: 'Every reference leads to something that is there',
  page: `${templates}/troubleshooting.html`,
};

export const templateCycle: RuleName = {
  id: 'template-cycle',
  severity: 'error',
  title: 'No resources wait for each other in a circle',
  page: `${templates}/troubleshooting.html`,
};

export const templateRepeatedKey: RuleName = {
  id: 'template-repeated-key',
  severity: 'error',
  title: 'No key is there twice',
  page: `${templates}/template-formats.html`,
};

export const templateRefused: RuleName = {
  id: 'template-refused',
  severity: 'error',
  title: 'CloudFormation takes the template',
  page: `${templates}/template-anatomy.html`,
};

export const serviceRefused: RuleName = {
  id: 'service-refused',
  severity: 'error',
  title: 'The services take every resource',
  page: `${templates}/troubleshooting.html`,
};

const quotas = 'https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html';

export const aclRuleLimit: RuleName = {
  id: 'acl-rule-limit',
  severity: 'error',
  title: 'No network ACL has more rules than it may',
  page: quotas,
};

export const groupRuleLimit: RuleName = {
  id: 'group-rule-limit',
  severity: 'error',
  title: 'No security group has more rules than it may',
  page: quotas,
};

export const interfaceGroupLimit: RuleName = {
  id: 'interface-group-limit',
  severity: 'error',
  title: 'No interface has more security groups than it may',
  page: quotas,
};

export const refusalRules: readonly RuleName[] = [
  templateSchema,
  templateReference,
  templateCycle,
  templateRepeatedKey,
  templateRefused,
  serviceRefused,
  aclRuleLimit,
  groupRuleLimit,
  interfaceGroupLimit,
  ...edgeRefusalRules,
];

export const lintRules: Readonly<Record<LintKind, RuleName>> = {
  schema: templateSchema,
  reference: templateReference,
  cycle: templateCycle,
  repeated: templateRepeatedKey,
  refused: templateRefused,
};

/** Words of a service that a rule with a page of its own knows more about. */
const known: readonly EdgeRefusal[] = [
  ...edgeRefusals,
  {
    says: /does not allow ACLs|cannot have ACLs set/,
    rule: serviceRefused.id,
    fix: "New buckets have no ACLs. Remove AccessControl and let the bucket's policy say who writes to it; or have the bucket take ACLs:\nOwnershipControls:\n  Rules:\n    - ObjectOwnership: BucketOwnerPreferred",
  },
  {
    says: /network acl entries has been reached/,
    rule: aclRuleLimit.id,
    fix: 'Put neighbouring ranges or ports into one entry: 19 entries and the default one are allowed in each direction and IP family. The quota can be raised to 40.',
  },
  {
    says: /rules per security group has been reached/,
    rule: groupRuleLimit.id,
    fix: 'Name a group or a prefix list in place of many ranges: 60 rules are allowed in each direction and IP family.',
  },
  {
    says: /security groups per interface has been reached/,
    rule: interfaceGroupLimit.id,
    fix: 'Put the rules of several groups into one: 5 groups are allowed for an interface.',
  },
  {
    says: /conflicts with another subnet/,
    rule: 'overlapping-ranges',
    fix: 'Give the subnet a range that no other subnet of its VPC has.',
  },
  {
    says: /two subnets in two different Availability Zones/,
    rule: 'one-zone',
    fix: 'Name a subnet in a second Availability Zone.',
  },
];

/** @param properties of the resource that was refused, as they are written */
export function refusalOf(message: string, properties: unknown): Pick<EdgeRefusal, 'rule' | 'fix'> | undefined {
  return known.find(
    ({ says, written }) => says.test(message) && (!written || written.test(JSON.stringify(properties) ?? '')),
  );
}
