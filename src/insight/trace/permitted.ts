/** What a role may call, as far as its own statements say. */
import type { RoleCaller, Via } from '../../region/decisions.ts';
import { type Leg, leg, stoppedLeg } from './leg.ts';
import { templateText } from './paste.ts';
import { permission, type ServiceVia } from './policies.ts';
import { who } from './statement-fix.ts';
import type { Tracing } from './tracing.ts';

/** A request that a statement of the role's allows: for services of which it is not known what a machine asks. */
export interface Permitted {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
}

interface RawStatement {
  readonly Effect?: string;
  readonly Action?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** What stands for `*` in a request. */
const anything = 'example';
const mostPermitted = 50;

/** For each action of a service that the role's policies name, a request made to fit. */
export function permitted({ model }: Tracing, caller: RoleCaller, service: string): readonly Permitted[] {
  const found: Permitted[] = [];
  for (const { text } of model.decisions.policiesOf(caller)) {
    const { Statement } = JSON.parse(text) as { Statement?: RawStatement | readonly RawStatement[] };
    for (const { Effect, Action, Resource, Condition = {} } of list<RawStatement>(Statement)) {
      if (Effect !== 'Allow') continue;
      const context: Record<string, string> = {};
      for (const [operator, keys] of Object.entries(Condition)) {
        if (/^Not|NotEquals|NotLike|Null/.test(operator)) continue;
        for (const [key, values] of Object.entries(keys)) context[key] = filled(list(values)[0] ?? '');
      }
      for (const action of list(Action)) {
        if (action.split(':')[0]?.toLowerCase() !== service) continue;
        for (const resource of list(Resource))
          found.push({ action: filled(action), resource: filled(resource), context });
      }
    }
  }
  return found.slice(0, mostPermitted);
}

function filled(pattern: string): string {
  return pattern === '*' ? pattern : pattern.replaceAll('*', anything).replaceAll('?', 'x');
}

/** A call of a service, as far as the role's own statements say what it may be. */
export function calling(tracing: Tracing, caller: RoleCaller, via: ServiceVia, service: string): Leg {
  const { names, model } = tracing;
  const all = permitted(tracing, caller, service);
  const decide = (one: Permitted) => (over: Via) => model.decisions.decide(caller, over, one);
  const [first] = all;
  if (!first) {
    const why = `${who(caller, names)} has no statement for ${service}: every call is refused (403)`;
    const paste = templateText({
      Statement: [{ Sid: 'Allow', Effect: 'Allow', Action: `${service}:…`, Resource: '*' }],
    });
    const fix = { text: `add to the policy of ${who(caller, names)} what it is to call`, paste };
    return stoppedLeg({ kind: 'policy', at: 'IAM', rule: '', why }, { ending: 'refused', fix });
  }
  const legs = all.map((one) => permission(tracing, { ...one, caller, via, decide: decide(one) }));
  const stopped = legs.find((one) => one.stopped);
  if (stopped) return stopped;
  const actions = [...new Set(all.map(({ action }) => action))];
  const [shown = leg()] = legs;
  if (actions.length === 1) return shown;
  const rest = actions.slice(1).join(', ');
  return {
    ...shown,
    there: shown.there.map((step) => (step.at === 'IAM' ? { ...step, why: `${step.why}; so too ${rest}` } : step)),
  };
}
