/** The blueprint's template, whole and with one mistake planted, for tests of traces. */
import type { ConfigInput } from '../../blueprint/index.ts';
import { synthesised } from '../../blueprint/synthesised.fixture.ts';
import { parseTemplate } from '../../region/template.ts';
import type { TraceResult } from './result.ts';
import { type TraceRequest, traceTemplate } from './trace.ts';

interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DependsOn?: string | string[];
}

export type Resources = Record<string, Resource>;
export type Change = (resources: Resources) => void;

export const withDomain: ConfigInput = { name: 'gallery', domain: 'myapp.com' };

export function traced(request: TraceRequest, change: Change = () => {}, config = withDomain): Promise<TraceResult> {
  return traceTemplate({ template: templateOf(config, change), name: 'build.yml' }, request);
}

function templateOf(config: ConfigInput, change: Change): string {
  const template = synthesised(config) as { Resources: Resources };
  change(template.Resources);
  for (const resource of Object.values(template.Resources)) {
    const needed = [resource.DependsOn ?? []].flat().filter((name) => name in template.Resources);
    resource.DependsOn = needed;
  }
  return JSON.stringify(template);
}

/** What a fix says to paste, pasted. */
export function pasted(paste: string): Change {
  const indented = paste.replace(/^/gm, '  ');
  const { resources: made } = parseTemplate(`Resources:\n${indented}`);
  const written = Object.entries(made).map(([name, { Type, Properties }]) => [name, { Type, Properties }]);
  return (resources) => void Object.assign(resources, Object.fromEntries(written));
}

/** A statement that a fix says to paste, added to the policy of a resource. */
export function stated(paste: string, name: string): Change {
  const inProperties = paste.replace(/^/gm, '      ');
  const { resources } = parseTemplate(`Resources:\n  A:\n    Type: AWS::SNS::Topic\n    Properties:\n${inProperties}`);
  const { Statement: statements } = (resources.A?.Properties ?? { Statement: [] }) as unknown as Document;
  return changed(name, (properties) => {
    const { Policies } = properties as { Policies?: { PolicyDocument: Document }[] };
    const document = Policies?.[0]?.PolicyDocument ?? (properties.PolicyDocument as Document);
    document.Statement.push(...statements);
  });
}

interface Document {
  readonly Statement: unknown[];
}

export function without(...names: readonly string[]): Change {
  return (resources) => {
    for (const name of names) delete resources[name];
  };
}

export function changed(name: string, change: (properties: Record<string, unknown>) => void): Change {
  return (resources) => {
    const resource = resources[name];
    if (!resource) throw new Error(`the blueprint has no ${name}`);
    change(resource.Properties);
  };
}

/** What the region draws by lot (ids, public addresses, ports) numbered in the order in which it comes. */
export function numbered(text: string): string {
  const kinds: readonly (readonly [RegExp, (number: number, found: string) => string])[] = [
    [/\bi-[0-9a-f]{17}\b/g, (number) => `i-${String(number).padStart(17, '0')}`],
    [/\bpl-[0-9a-f]{8}\b/g, (number) => `pl-${String(number).padStart(8, '0')}`],
    [/\b198\.18\.\d+\.\d+\b/g, (number) => `198.18.0.${number}`],
    [/(?<=10\.\d+\.\d+\.\d+):\d{4,5}\b/g, (number) => `:5000${number}`],
    [/(?<=model-\w+-)[a-z0-9]{12}(?=\.)/g, (number, found) => String(number).padStart(found.length, 'x')],
  ];
  return kinds.reduce((done, [pattern, name]) => {
    const known = new Map<string, string>();
    return done.replace(pattern, (found) => {
      const called = known.get(found) ?? name(known.size + 1, found);
      known.set(found, called);
      return called;
    });
  }, text);
}
