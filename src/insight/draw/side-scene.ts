/** Small parts beside the network, those of a kind together, and what is left when everything else has its place. */
import type { Model, ModelResource } from '../model/model.ts';
import type { IconName } from './icons.ts';
import type { Part } from './scene.ts';
import { iconOfType } from './services.ts';

interface Kind {
  readonly types: readonly string[];
  readonly icon: IconName;
  readonly one: string;
  readonly many: string;
  /** What a resource is called where its logical id says less. */
  readonly called?: (resource: ModelResource) => string | undefined;
}

/** In the order of the picture: alarms, topic and subscribers are linked and follow each other. */
const kinds: readonly Kind[] = [
  { types: ['AWS::IAM::Role'], icon: 'role', one: 'IAM role', many: 'IAM roles' },
  {
    types: ['AWS::CertificateManager::Certificate'],
    icon: 'certificate',
    one: 'Certificate',
    many: 'Certificates',
    called: ({ properties }) => textOf(properties.DomainName),
  },
  { types: ['AWS::KMS::Key'], icon: 'key', one: 'KMS key', many: 'KMS keys' },
  { types: ['AWS::AutoScaling::ScalingPolicy'], icon: 'autoScaling', one: 'Scaling policy', many: 'Scaling policies' },
  { types: ['AWS::CloudWatch::Alarm'], icon: 'alarm', one: 'Alarm', many: 'Alarms' },
  { types: ['AWS::SNS::Topic'], icon: 'topic', one: 'SNS topic', many: 'SNS topics' },
  {
    types: ['AWS::SNS::Subscription'],
    icon: 'email',
    one: 'Subscriber',
    many: 'Subscribers',
    called: ({ properties }) => textOf(properties.Endpoint)?.replace(/^https?:\/\//, ''),
  },
  { types: ['AWS::CloudWatch::Dashboard'], icon: 'cloudwatch', one: 'Dashboard', many: 'Dashboards' },
  { types: ['AWS::Budgets::Budget'], icon: 'budget', one: 'Budget', many: 'Budgets' },
  { types: ['AWS::EC2::FlowLog'], icon: 'flowLogs', one: 'Flow log', many: 'Flow logs' },
  { types: ['AWS::Logs::LogGroup'], icon: 'logs', one: 'Log group', many: 'Log groups' },
];

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** `left`: logical ids of modelled resources that nothing else stands for. */
export function sideParts(model: Model, left: ReadonlySet<string>): Part[] {
  const resources = [...model.resources.values()].filter(({ logicalId }) => left.has(logicalId));
  return kinds.flatMap(({ types, icon, one, many, called }): Part[] => {
    const some = resources.filter(({ type }) => types.includes(type));
    if (some.length === 0) return [];
    const names = some.map((resource) => called?.(resource) ?? resource.logicalId);
    const title = some.length === 1 ? one : `${some.length} ${many.toLowerCase().replace(/^(iam|kms|sns)/, upper)}`;
    return [{ key: `side ${one}`, icon, title, name: [...new Set(names)].join(', '), covers: idsOf(some) }];
  });
}

/** Of types that no picture has a place for: a box for each type. */
export function otherParts(model: Model, left: ReadonlySet<string>): Part[] {
  const resources = [...model.resources.values()].filter(({ logicalId }) => left.has(logicalId));
  const byType = new Map<string, ModelResource[]>();
  for (const resource of resources) {
    byType.set(resource.type, [...(byType.get(resource.type) ?? []), resource]);
  }
  return [...byType].map(([type, some]): Part => {
    const name = some.map(({ logicalId }) => logicalId).join(', ');
    return {
      key: `side ${type}`,
      icon: iconOfType(type),
      title: titleOf(type),
      name,
      covers: idsOf(some),
    };
  });
}

/** `AWS::EC2::SecurityGroup` → `Security group`. */
function titleOf(type: string): string {
  const words = (type.split('::').at(-1) ?? type).replace(/([a-z\d])([A-Z])/g, '$1 $2').split(' ');
  return words.map((word, index) => (index === 0 || word === word.toUpperCase() ? word : word.toLowerCase())).join(' ');
}

const upper = (text: string) => text.toUpperCase();

function idsOf(resources: readonly ModelResource[]): string[] {
  return resources.map(({ logicalId }) => logicalId);
}

/** What the model has nothing of, and what could not be made, each as a box of its own. */
export function notModelledParts(model: Model): Part[] {
  const parts: Part[] = [];
  for (const { logicalId, type, modelled } of model.resources.values()) {
    if (!modelled)
      parts.push({ key: logicalId, icon: iconOfType(type), title: type, name: logicalId, covers: [logicalId] });
  }
  if (model.failed.length === 0) return parts;
  for (const [logicalId, { Type, Condition }] of Object.entries(model.template.resources)) {
    // Of one with a condition that is not there, nothing says that it should be.
    const failed = model.failed.some((one) => one.logicalId === logicalId);
    if (!failed && (model.resources.has(logicalId) || Condition !== undefined)) continue;
    if (parts.some(({ key }) => key === logicalId)) continue;
    // It may be drawn in its place, too: a group whose machines started and never said that they are ready.
    const key = `not made ${logicalId}`;
    parts.push({ key, icon: iconOfType(Type), title: `${Type}, not made`, name: logicalId, covers: [logicalId] });
  }
  return parts;
}
