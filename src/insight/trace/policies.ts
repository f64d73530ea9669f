/** What policies say to a request, as steps: the endpoint's, the caller's own, the resource's, the key's. */

import type { Caller, Decided, ObjectName, Via } from '../../region/decisions.ts';
import { type Leg, leg, stoppedLeg, there, within } from './leg.ts';
import { statementFix, who } from './statement-fix.ts';
import type { Tracing } from './tracing.ts';

/** The way to a service that policies look at. */
export interface ServiceVia extends Via {
  /** The name of the endpoint on the way. */
  readonly endpoint?: string | undefined;
}

interface Asked {
  readonly action: string;
  readonly resource: string;
  readonly caller: Caller;
  readonly via: ServiceVia;
  /** The decision over such a way. */
  readonly decide: (via: Via) => Decided;
}

/** The endpoint's policy first, as it is the first on the way; then all others together, as IAM takes them. */
export function permission(tracing: Tracing, asked: Asked): Leg {
  const { via, decide, action } = asked;
  const { endpoint, endpointPolicy, ...rest } = via;
  const decision = decide(via);
  const steps = [];
  if (endpoint !== undefined && endpointPolicy !== undefined) {
    const refuses = !decision.allowed && 'denial' in decision && decision.denial.policy === 'VPC endpoint policy';
    if (refuses) return refusedBy(tracing, asked, decision);
    if (decision.allowed || decide(rest).allowed === decision.allowed)
      steps.push(there({ kind: 'policy', at: endpoint, rule: `policy of ${endpoint}`, why: `lets ${action} pass` }));
  }
  if (!decision.allowed) return within(leg(...steps), () => refusedBy(tracing, asked, decision));
  return leg(...steps, there(allowedStep(tracing, asked, decision.by)));
}

/** `UseData of inline policy machine of MachineRole` */
function allowedStep({ names }: Tracing, { action, resource, caller }: Asked, by: string) {
  const [, statement = by, policy = ''] = /^(.+?) of (.+)$/.exec(names.text(by)) ?? [];
  const at = policy === 'resource policy' ? resourceName(names.text(resource)) : 'IAM';
  const where = policy === '' ? '' : ` of ${policy === 'resource policy' ? `the policy of ${at}` : policy}`;
  return {
    kind: 'policy',
    at,
    rule: statement,
    why: `${who(caller, names)} may ${action}: ${statement}${where}`,
  } as const;
}

function refusedBy(tracing: Tracing, asked: Asked, decision: Exclude<Decided, { allowed: true }>): Leg {
  const { names } = tracing;
  const { action, resource, caller, via } = asked;
  const whom = who(caller, names);
  if ('fault' in decision) {
    return stoppedLeg(
      { kind: 'policy', at: resourceName(names.text(resource)), rule: '', why: names.text(decision.fault) },
      { ending: 'refused' },
    );
  }
  const { denial } = decision;
  const place =
    denial.policy === 'VPC endpoint policy'
      ? (via.endpoint ?? 'the endpoint')
      : denial.policy === 'resource-based policy'
        ? resourceName(names.text(resource))
        : 'IAM';
  const on = names.text(resource);
  if (denial.kind === 'explicit') {
    const why = `${whom} may not ${action} on ${on}: ${denial.statement} of ${names.text(denial.name)} denies it (403)`;
    const fix = { text: `narrow ${denial.statement} of the ${denial.policy} so that it lets this through` };
    return stoppedLeg({ kind: 'policy', at: place, rule: denial.statement, why }, { ending: 'refused', fix });
  }
  const whose = denial.policy === 'identity-based policy' ? 'policies of its own' : `the policy of ${place}`;
  const why = `${whom} may not ${action} on ${on}: no statement of ${whose} allows it (403)`;
  return stoppedLeg(
    { kind: 'policy', at: place, rule: '', why },
    { ending: 'refused', fix: statementFix(tracing, asked, denial.policy, place) },
  );
}

/** `DataBucket` of `arn:aws:s3:::DataBucket/example` */
function resourceName(named: string): string {
  return /^arn:aws:[a-z0-9]+:[^:]*:[^:]*:(?:[a-z-]+\/)?([^/]+)/.exec(named)?.[1] ?? named.split('/')[0] ?? named;
}

/** Reading an object, with what its encryption asks besides. */
export function reading(tracing: Tracing, caller: Caller, via: ServiceVia, object: ObjectName): Leg {
  const { decisions } = tracing.model;
  const whole = object.key === '';
  const resource = `arn:aws:s3:::${object.bucket}${whole ? '' : `/${object.key}`}`;
  const action = whole ? 's3:ListBucket' : 's3:GetObject';
  const decide = (over: Via) =>
    whole ? decisions.onListing(caller, over, object) : decisions.onObject(caller, over, object, 'GetObject');
  const read = permission(tracing, { action, resource, caller, via, decide });
  return within(read, () => {
    const opened = whole ? undefined : decisions.openingObject(caller, object);
    if (opened === undefined) return leg();
    const { keyId = '' } = decisions.bucket(object.bucket) ?? {};
    const asked = {
      action: 'kms:Decrypt',
      resource: keyId,
      caller,
      via: { ...via, endpoint: undefined },
      decide: () => opened,
    };
    return asKey(permission(tracing, asked), tracing.names.text(keyId));
  });
}

function asKey(one: Leg, key: string): Leg {
  const at = resourceName(key);
  return { ...one, there: one.there.map((step) => ({ ...step, kind: 'key' as const, at })) };
}
