/**
 * What roles were seen to do in a running region, against what their policies allow. A template's resources have other
 * names there than in a model of it, so both are brought to logical ids first.
 */
import { matches, wildcard } from '../../../region/wildcard.ts';
import type { Model } from '../../model/model.ts';
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
  observed: readonly ObservedCall[],
): Promise<readonly UnusedPermission[]> {
  const rename = renamer(model);
  const calls = observed.map((call) => ({
    ...call,
    role: roleOf(model, call.role),
    resource: rename(call.resource),
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
export function roleUnused(observed: readonly ObservedCall[]): Rule {
  return {
    ...roleUnusedName,
    async find(model) {
      return [...unseen(model, observed), ...(await unusedPermissions(model, observed)).map(unusedFinding)];
    },
  };
}

/** Of machines that called nothing it is not known what they need. */
function unseen(model: Model, observed: readonly ObservedCall[]): readonly Found[] {
  const seen = new Set(observed.map(({ role }) => roleOf(model, role)));
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

/** CloudFormation makes names of the stack's, the logical id and a suffix. */
function roleOf(model: Model, name: string): string | undefined {
  const roles = ofType(model, roleType);
  const same = roles.find(({ physicalId }) => physicalId === name);
  return (same ?? longest(roles.filter(({ logicalId }) => generated(logicalId).test(name))))?.logicalId;
}

function longest<T extends { readonly logicalId: string }>(found: readonly T[]): T | undefined {
  return [...found].sort((a, b) => b.logicalId.length - a.logicalId.length)[0];
}

const generated = (logicalId: string) => new RegExp(`[\\w-]+-${logicalId}-[a-z0-9]{12,13}`, 'i');
const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Puts logical ids in the place of generated names, and forgets ids that are drawn by lot. */
function renamer(model: Model): (arn: string) => string {
  const ids = [...model.resources.keys()].sort((a, b) => b.length - a.length);
  return (arn) => {
    const id = ids.find((one) => generated(one).test(arn));
    const named = id === undefined ? arn : arn.replace(generated(id), `<${id}>`);
    return named.replace(uuid, '<id>');
  };
}
