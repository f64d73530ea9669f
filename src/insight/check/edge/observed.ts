/**
 * What roles were seen to do in a running region, against what their policies allow. A template's resources have other
 * names there than in a model of it, so both are brought to logical ids first.
 */
import { matches, wildcard } from '../../../region/wildcard.ts';
import type { Model, ModelResource } from '../../model/model.ts';
import type { Found, Rule, RuleName } from '../rule.ts';
import { type Grant, grantsOf, roleType } from './grants.ts';
import { and, ofType, textsOf } from './parts.ts';

/** A permission that a role was seen to use. */
export interface ObservedCall {
  /** The role's name. */
  readonly role: string;
  /** `s3:GetObject` */
  readonly action: string;
  /** An ARN, objects of a bucket as `…/*`; or `*`. */
  readonly resource: string;
}

export interface UnusedPermission {
  readonly grant: Grant;
  /** Of its statement, as written. */
  readonly unused: readonly string[];
  /** Seen under those actions of the statement that have wildcards: what could stand in their place. */
  readonly seen: readonly string[];
}

/** Logical ids by physical ones: of the stacks that ran, as CloudFormation tells them. */
export type StackNames = ReadonlyMap<string, string>;

/** What was seen, and the names that resources had there. */
export interface Observed {
  readonly calls: readonly ObservedCall[];
  /** Absent: resources are recognised by how CloudFormation makes names. */
  readonly names?: StackNames | undefined;
}

/** Of a region's events, as `GET /_orrery/events` tells them. */
export function observedCalls(
  events: Iterable<{ readonly kind: string; readonly data?: Readonly<Record<string, unknown>> | undefined }>,
): readonly ObservedCall[] {
  const found: ObservedCall[] = [];
  for (const { kind, data } of events) {
    const { role, action, resource } = data ?? {};
    if (kind !== 'permission-used') continue;
    if (typeof role === 'string' && typeof action === 'string' && typeof resource === 'string')
      found.push({ role, action, resource });
  }
  return found;
}

/**
 * Statements with actions that no call used, of the roles that were seen at all. What a role does once a month was
 * perhaps not seen: the longer the region ran, the more it says.
 */
export async function unusedPermissions(
  model: Model,
  { calls: seenCalls, names }: Observed,
): Promise<readonly UnusedPermission[]> {
  const generated = generatedRenamer(model);
  const rename = names ? renamerOf(new Map([...model.resources.values()].map(idOf))) : generated;
  const renameSeen = names ? renamerOf(names) : generated;
  const calls = seenCalls.map((call) => ({
    ...call,
    role: roleOf(model, call.role, names),
    resource: renameSeen(call.resource),
  }));
  const seenRoles = new Set(calls.map(({ role }) => role));
  return (await grantsOf(model)).flatMap((grant): UnusedPermission[] => {
    if (!seenRoles.has(grant.role.logicalId) || grant.managed) return [];
    const resources = grant.resources.map((one) => wildcard(rename(one)));
    const own = calls.filter(
      ({ role, resource }) => role === grant.role.logicalId && resources.some((pattern) => matches(pattern, resource)),
    );
    const usedBy = (action: string) => {
      const pattern = wildcard(action.toLowerCase());
      return own.filter((call) => matches(pattern, call.action.toLowerCase())).map((call) => call.action);
    };
    const unused = grant.actions.filter((action) => usedBy(action).length === 0);
    const seen = new Set(grant.actions.filter((action) => /[*?]/.test(action)).flatMap(usedBy));
    return unused.length === 0 && seen.size === 0 ? [] : [{ grant, unused, seen: [...seen].sort() }];
  });
}

export const roleUnusedName: RuleName = {
  id: 'role-unused',
  severity: 'note',
  title: 'Roles use what they are allowed',
  page: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege',
};

/** The rule over what was seen, beside all others that need nothing but a template. */
export function roleUnused(observed: Observed): Rule {
  return {
    ...roleUnusedName,
    async find(model) {
      return [...unseen(model, observed), ...(await unusedPermissions(model, observed)).map(unusedFinding)];
    },
  };
}

/** Of machines that called nothing it is not known what they need. */
function unseen(model: Model, { calls, names }: Observed): readonly Found[] {
  const seen = new Set(calls.map(({ role }) => roleOf(model, role, names)));
  const ofMachines = new Set(
    ofType(model, 'AWS::IAM::InstanceProfile').flatMap(({ properties }) => textsOf(properties.Roles)),
  );
  return ofType(model, roleType)
    .filter(({ logicalId, physicalId }) => ofMachines.has(physicalId) && !seen.has(logicalId))
    .map(({ logicalId }) => ({
      message: `No machine was seen to call AWS as ${logicalId}: nothing is said of what it uses.`,
      logicalId,
    }));
}

function unusedFinding({ grant, unused, seen }: UnusedPermission): Found {
  const { role, logicalId, path, name, actions } = grant;
  const parts = [
    ...(unused.length > 0 ? [`was not seen to use ${and(unused)}`] : []),
    ...(seen.length > 0 ? [`used only ${and(seen)} of its wildcards`] : []),
  ];
  const kept = [...actions.filter((one) => !unused.includes(one) && !/[*?]/.test(one)), ...seen];
  return {
    message: `${role.logicalId} ${parts.join(', and ')} (${name}).`,
    logicalId,
    path,
    fix: kept.length > 0 ? `Action: [${kept.join(', ')}]` : 'Remove the statement, if nothing needs it now and then.',
  };
}

function roleOf(model: Model, name: string, names: StackNames | undefined): string | undefined {
  const roles = ofType(model, roleType);
  const known = names?.get(name);
  const same = roles.find(({ logicalId, physicalId }) => (names ? logicalId === known : physicalId === name));
  return same?.logicalId ?? (names ? undefined : generatedFor(name, roles));
}

/**
 * CloudFormation makes names of the stack's, the logical id and a suffix. Of long ones it cuts both, of a role's the
 * logical id after no less than 25 characters: who begins with these is meant, unless several do.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
 */
function generatedFor(name: string, among: Iterable<{ readonly logicalId: string }>): string | undefined {
  const body = /^(.*)-[a-z0-9]{12,13}$/i.exec(name)?.[1]?.toLowerCase();
  if (body === undefined) return undefined;
  const ids = [...among].map(({ logicalId }) => logicalId);
  const whole = ids.filter((id) => body.endsWith(`-${id.toLowerCase()}`)).sort((a, b) => b.length - a.length);
  if (whole[0] !== undefined) return whole[0];
  const cut = /[^-]+$/.exec(body)?.[0] ?? '';
  const beginning = cut.length < shortestCut ? [] : ids.filter((id) => id.toLowerCase().startsWith(cut));
  return beginning.length === 1 ? beginning[0] : undefined;
}

const shortestCut = 24;

const generatedName = /[\w-]+-[a-z0-9]{12,13}(?![\w])/gi;
const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

const idOf = ({ physicalId, logicalId }: ModelResource) => [physicalId, logicalId] as const;

/** Puts logical ids in the place of the names that resources have, the longest first. */
function renamerOf(names: StackNames): (arn: string) => string {
  const known = [...names.keys()].filter(Boolean).sort((a, b) => b.length - a.length);
  if (known.length === 0) return (arn) => arn;
  const escaped = known.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const any = new RegExp(`(?<![\\w-])(${escaped.join('|')})(?![\\w-])`, 'g');
  return (arn) => arn.replace(any, (name) => `<${names.get(name)}>`);
}

/** Puts logical ids in the place of generated names, and forgets ids that are drawn by lot. */
function generatedRenamer(model: Model): (arn: string) => string {
  return (arn) =>
    arn.replace(uuid, '<id>').replace(generatedName, (name) => {
      const id = generatedFor(name, model.resources.values());
      return id === undefined ? name : `<${id}>`;
    });
}
