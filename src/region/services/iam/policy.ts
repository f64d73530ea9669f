/**
 * Policy documents as IAM reads them: JSON text in, statements out, compiled once for each text.
 * Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
import { Fault } from '../../wire/fault.ts';
import { type Condition, compileConditions } from './condition.ts';
import { glob, type Matcher } from './pattern.ts';

export interface Policy {
  readonly version: string;
  readonly statements: readonly Statement[];
}

export interface Statement {
  /** The `Sid`, else `statement 2`. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  /** Undefined in identity policies. */
  readonly principals: Principals | undefined;
  readonly notPrincipals: Principals | undefined;
  readonly action: Matcher;
  readonly resource: Matcher;
  readonly conditions: readonly Condition[];
}

export type PrincipalType = 'AWS' | 'Service' | 'Federated' | 'CanonicalUser';

export type Principals = Readonly<Partial<Record<PrincipalType, readonly string[]>>>;

const longestPolicy = 131_072;
const cache = new Map<string, Policy>();
const cacheLimit = 2_000;

/** Compiles a policy's JSON text. Throws `MalformedPolicyDocument` with IAM's wording when it is none. */
export function compilePolicy(text: string): Policy {
  const known = cache.get(text);
  if (known) return known;
  const policy = parsePolicy(text);
  if (cache.size >= cacheLimit) cache.clear();
  cache.set(text, policy);
  return policy;
}

function malformed(why: string): Fault {
  return new Fault('MalformedPolicyDocument', why);
}

function parsePolicy(text: string): Policy {
  if (text.length > longestPolicy) throw malformed('The policy is too long.');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed('This policy contains invalid Json');
  }
  if (!isRecord(document)) throw malformed('Syntax errors in policy.');
  const version = document.Version ?? '2008-10-17';
  if (version !== '2012-10-17' && version !== '2008-10-17') throw malformed('The policy has an invalid version.');
  const listed = document.Statement;
  const raw = Array.isArray(listed) ? listed : listed === undefined ? [] : [listed];
  if (raw.length === 0) throw malformed('Missing required field Statement');
  const variables = version === '2012-10-17';
  return { version, statements: raw.map((statement, index) => parseStatement(statement, index, variables)) };
}

const statementKeys = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);

function parseStatement(raw: unknown, index: number, variables: boolean): Statement {
  if (!isRecord(raw)) throw malformed('Syntax errors in policy.');
  for (const key of Object.keys(raw)) if (!statementKeys.has(key)) throw malformed(`Syntax errors in policy: ${key}.`);
  const { Effect: effect } = raw;
  if (effect !== 'Allow' && effect !== 'Deny') throw malformed('Missing required field Effect cannot be empty!');
  const actions = patterns(raw.Action, 'Action');
  const notActions = patterns(raw.NotAction, 'NotAction');
  if (!actions === !notActions) throw malformed('Policy statement must contain actions.');
  const resources = patterns(raw.Resource, 'Resource');
  const notResources = patterns(raw.NotResource, 'NotResource');
  const principals = parsePrincipals(raw.Principal);
  const notPrincipals = parsePrincipals(raw.NotPrincipal);
  // A trust policy names no resource: it is on the role itself.
  const anyResource = !resources && !notResources;
  return {
    name: typeof raw.Sid === 'string' && raw.Sid !== '' ? raw.Sid : `statement ${index + 1}`,
    effect,
    principals,
    notPrincipals,
    action: actions
      ? glob(actions, { ignoreCase: true, variables: false })
      : negate(glob(notActions ?? [], { ignoreCase: true, variables: false })),
    resource: anyResource
      ? () => true
      : resources
        ? glob(resources, { ignoreCase: false, variables })
        : negate(glob(notResources ?? [], { ignoreCase: false, variables })),
    conditions: compileConditions(raw.Condition, variables),
  };
}

function negate(matcher: Matcher): Matcher {
  return (value, context) => !matcher(value, context);
}

function patterns(value: unknown, field: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0 || !list.every((item) => typeof item === 'string')) {
    throw malformed(`Syntax errors in policy: ${field} must be a string or a list of strings.`);
  }
  return list;
}

const principalTypes: readonly string[] = ['AWS', 'Service', 'Federated', 'CanonicalUser'];

function parsePrincipals(value: unknown): Principals | undefined {
  if (value === undefined) return undefined;
  if (value === '*') return { AWS: ['*'] };
  if (!isRecord(value)) throw malformed('Invalid principal in policy');
  const principals: Partial<Record<PrincipalType, readonly string[]>> = {};
  for (const [type, ids] of Object.entries(value)) {
    if (!principalTypes.includes(type)) throw malformed(`Invalid principal in policy: "${type}"`);
    principals[type as PrincipalType] = patterns(ids, 'Principal') ?? [];
  }
  return principals;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
