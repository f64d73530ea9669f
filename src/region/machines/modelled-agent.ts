/** What the CloudWatch agents of modelled machines measure: memory, by the configuration that their boot would write. */
import { type AgentConfig, parseAgentConfig } from './agent-config.ts';
import { cfnCalls } from './cfn-calls.ts';
import { messageOf } from './errors.ts';
import { instanceTypeSize } from './instance-types.ts';
import type { Machine, MachineHost, MachineSpec } from './machine.ts';

/** A value under some dimensions; of several machines together. */
export interface AgentDatum {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly unit: string;
  /** Value, and how many machines have it. */
  readonly values: ReadonlyMap<number, number>;
}

interface Agent {
  readonly memoryBytes: number;
  readonly sets: readonly { readonly key: string; readonly datum: Omit<AgentDatum, 'values'> }[];
}

type Metrics = NonNullable<AgentConfig['metrics']>;

/** Only `mem_used_percent` is looked for; other measurements of memory follow from it and are nobody's to scale by. */
const measurement = 'used_percent';

type Host = Pick<MachineHost, 'describeStackResource' | 'note'>;

export class ModelledAgents {
  readonly #host: Host;
  /** Of this minute: an update of the stack may change them for machines that boot later. */
  readonly #configs = new Map<string, Promise<Metrics | undefined>>();
  /** What stays the same of a machine's agent. */
  readonly #agents = new WeakMap<MachineSpec, Agent>();
  readonly #problems = new Set<string>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** What the agents of these machines tell in a minute. Dimensions of a single instance are left out. */
  async measure(machines: readonly Machine[]): Promise<AgentDatum[]> {
    this.#configs.clear();
    const found = new Map<string, AgentDatum & { readonly values: Map<number, number> }>();
    for (const machine of machines) {
      const { spec } = machine;
      if (machine.state !== 'running' || machine.impaired) continue;
      const agent = this.#agents.get(spec) ?? (await this.#agentOf(spec));
      if (!agent) continue;
      const value = (100 * machine.usage().memoryBytes) / agent.memoryBytes;
      // What a machine holds before its app answers is not modelled.
      if (value === 0) continue;
      for (const { key, datum } of agent.sets) {
        let sum = found.get(key);
        if (!sum) {
          sum = { ...datum, values: new Map() };
          found.set(key, sum);
        }
        sum.values.set(value, (sum.values.get(value) ?? 0) + 1);
      }
    }
    return [...found.values()];
  }

  /** Undefined for a machine without one, and while its configuration is not known. */
  async #agentOf(spec: MachineSpec): Promise<Agent | undefined> {
    const metrics = await this.#configOf(spec);
    const memory = instanceTypeSize(spec.instanceType)?.memoryMiB;
    const metric = metrics?.metrics_collected.mem?.measurement.find(({ name }) => name.endsWith(measurement));
    if (!metrics || !metric) return undefined;
    if (memory === undefined) {
      this.#problem(`the memory of ${spec.instanceType} is not known, so nothing is measured`);
      return undefined;
    }
    const { namespace } = metrics;
    const name = metric.rename ?? `mem_${measurement}`;
    const sets = dimensionSets(spec, metrics).map((dimensions) => ({
      key: [namespace, name, ...Object.entries(dimensions).flat()].join(' '),
      datum: { namespace, metric: name, dimensions, unit: metric.unit ?? 'Percent' },
    }));
    const agent = { memoryBytes: memory * 1024 * 1024, sets };
    this.#agents.set(spec, agent);
    return agent;
  }

  #configOf(spec: MachineSpec): Promise<Metrics | undefined> {
    const [init] = cfnCalls(spec.userData ?? '', 'cfn-init');
    if (!init) return Promise.resolve(undefined);
    const { stack, resource } = init;
    const key = `${stack} ${resource}`;
    let config = this.#configs.get(key);
    if (!config) {
      config = this.#host.describeStackResource(spec, stack, resource).then(
        ({ metadata }) => this.#metricsIn(metadata),
        // The stack may be gone already, or not know the resource yet.
        () => undefined,
      );
      this.#configs.set(key, config);
    }
    return config;
  }

  /** What its agent would not start with it does without, and says so. */
  #metricsIn(metadata: Readonly<Record<string, unknown>>): Metrics | undefined {
    try {
      return agentMetrics(metadata);
    } catch (error) {
      this.#problem(messageOf(error));
      return undefined;
    }
  }

  /** Each is told once. */
  #problem(what: string): void {
    if (this.#problems.has(what) || this.#problems.size >= mostProblems) return;
    this.#problems.add(what);
    this.#host.note('agent-error', `amazon-cloudwatch-agent: ${what}`);
  }
}

const mostProblems = 100;

/** In files that `AWS::CloudFormation::Init` writes. */
function agentMetrics(metadata: Readonly<Record<string, unknown>>): Metrics | undefined {
  for (const config of Object.values(record(metadata['AWS::CloudFormation::Init']))) {
    for (const [path, file] of Object.entries(record(record(config).files))) {
      if (!path.includes('amazon-cloudwatch-agent')) continue;
      const { content } = record(file);
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      const { metrics } = parseAgentConfig(text, path);
      if (metrics?.metrics_collected.mem) return metrics;
    }
  }
  return undefined;
}

function dimensionSets(spec: MachineSpec, metrics: Metrics): Readonly<Record<string, string>>[] {
  const all: Record<string, string | undefined> = {
    ImageId: spec.imageId,
    InstanceId: spec.instanceId,
    InstanceType: spec.instanceType,
    AutoScalingGroupName: spec.tags['aws:autoscaling:groupName'],
  };
  // An instance outside of any group goes without its name.
  const own = Object.keys(metrics.append_dimensions ?? {}).filter((name) => all[name] !== undefined);
  // Without `append_dimensions` there is but the host's name, which no other machine shares.
  if (own.length === 0) return [];
  const found = new Map<string, Readonly<Record<string, string>>>();
  for (const names of [own, ...(metrics.aggregation_dimensions ?? [])]) {
    // Values are rolled up by what they are labelled with alone.
    if (names.some((name) => name === 'InstanceId' || !own.includes(name))) continue;
    found.set([...names].sort().join(' '), Object.fromEntries(names.map((name) => [name, all[name] ?? ''])));
  }
  return [...found.values()];
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
